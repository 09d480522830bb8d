import { Button, PasswordInput, TextInput } from '@mantine/core'
import { IconFingerprint } from '@tabler/icons-react'
import { useState } from 'react'
import { signInWithToken } from '../api/session.ts'
import { signInWithPasskey, signInWithPassword } from '../api/sign-in.ts'
import { Failure } from '../parts/loading.tsx'
import { Notice } from '../parts/notice.tsx'
import { Card } from './card.tsx'
import { useSending } from './use-sending.ts'

/** Asks who it is: with a name and a password, or with a token. */
export function SignIn({ notice }: { notice: string | null }) {
  const [way, setWay] = useState<'password' | 'token'>('password')
  return way === 'password' ? (
    <WithPassword notice={notice} other={() => setWay('token')} />
  ) : (
    <WithToken other={() => setWay('password')} />
  )
}

function WithPassword({ notice, other }: { notice: string | null; other: () => void }) {
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [missing, setMissing] = useState(false)
  const sending = useSending(() => signInWithPassword(name.trim(), password))
  const tapping = useSending(signInWithPasskey)
  const failure = sending.error ?? tapping.error
  const submit = () => {
    const lacks = name.trim() === '' || password === ''
    setMissing(lacks)
    if (!lacks) sending.start()
  }
  return (
    <Card title="Sign in to Sallyport" submit={submit}>
      {notice !== null && failure === null && (
        <div role="alert">
          <Notice tone="warn" title={notice} />
        </div>
      )}
      {failure !== null && <Failure title="You are not signed in" error={failure} />}
      <TextInput
        label="Name"
        description="Your id, such as alice."
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        autoFocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={missing && name.trim() === '' ? 'Type your name.' : undefined}
      />
      <PasswordInput
        label="Password"
        name="password"
        autoComplete="current-password"
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        error={missing && password === '' ? 'Type your password.' : undefined}
        visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
      />
      <Button type="submit" loading={sending.busy}>
        Sign in
      </Button>
      <Button
        variant="default"
        leftSection={<IconFingerprint size={16} aria-hidden="true" />}
        loading={tapping.busy}
        onClick={tapping.start}
      >
        Use a passkey
      </Button>
      <Button variant="subtle" onClick={other}>
        Use a token instead
      </Button>
      <p className="dim">
        No password yet, or forgotten? An administrator makes a link by which you set one. The server prints such a link
        in its terminal when it starts for the first time.
      </p>
    </Card>
  )
}

/** What is wrong with a token shows when the server is asked with it. */
function WithToken({ other }: { other: () => void }) {
  const [token, setToken] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const submit = () => {
    const given = token.trim()
    // A header value takes visible ASCII only (RFC 6750, 2.1: b64token); fetch would throw on anything else.
    if (!/^[\x21-\x7e]+$/.test(given)) {
      setProblem(given === '' ? 'Paste a token first.' : 'This is not a token: it contains spaces or odd characters.')
      return
    }
    signInWithToken(given)
  }
  return (
    <Card title="Sign in to Sallyport" submit={submit}>
      <PasswordInput
        label="Access token"
        description="Kept in this tab only, until you close it or sign out."
        value={token}
        onChange={(event) => {
          setToken(event.currentTarget.value)
          setProblem(null)
        }}
        error={problem}
        autoFocus
        autoComplete="off"
        spellCheck={false}
        visibilityToggleButtonProps={{ 'aria-label': 'Show the token' }}
      />
      <Button type="submit">Sign in</Button>
      <Button variant="subtle" onClick={other}>
        Use a password instead
      </Button>
      <p className="dim">An administrator issues tokens, on the page People or with sallyport token issue.</p>
    </Card>
  )
}
