import { Button, PasswordInput, TextInput } from '@mantine/core'
import { useState } from 'react'
import { declineInvitation, type Invitation } from '../api/session.ts'
import { setPassword } from '../api/sign-in.ts'
import { Failure } from '../parts/loading.tsx'
import { Card } from './card.tsx'
import { useSending } from './use-sending.ts'

/** Sets a password by a one-time link. */
export function SetPassword({ invitation }: { invitation: Invitation }) {
  const [password, setText] = useState('')
  const [again, setAgain] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const sending = useSending(() => setPassword(invitation.secret, password))
  const submit = () => {
    const same = password === again
    setProblem(same ? null : 'The two are not the same.')
    if (same) sending.start()
  }
  return (
    <Card title="Set your password" submit={submit}>
      {sending.error !== null && <Failure title="The password was not set" error={sending.error} />}
      {invitation.person !== '' && (
        <TextInput label="Name" name="username" autoComplete="username" value={invitation.person} readOnly />
      )}
      <PasswordInput
        label="New password"
        description="At least 12 characters. Several words that only you put together are best."
        name="password"
        autoComplete="new-password"
        autoFocus
        value={password}
        onChange={(event) => setText(event.currentTarget.value)}
        visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
      />
      <PasswordInput
        label="The same again"
        name="password-again"
        autoComplete="new-password"
        value={again}
        onChange={(event) => {
          setAgain(event.currentTarget.value)
          setProblem(null)
        }}
        error={problem}
        visibilityToggleButtonProps={{ 'aria-label': 'Show the repeated password' }}
      />
      <Button type="submit" loading={sending.busy}>
        Set it and sign in
      </Button>
      <Button variant="subtle" onClick={declineInvitation}>
        Not now
      </Button>
      <p className="dim">The link works once. Sessions that you have elsewhere end when the password is set.</p>
    </Card>
  )
}
