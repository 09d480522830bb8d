import { Button, PasswordInput } from '@mantine/core'
import { type FormEvent, useEffect, useState } from 'react'
import { signIn } from '../api/session.ts'
import { Notice } from '../parts/notice.tsx'
import { Mark } from './mark.tsx'
import classes from './shell.module.css'

/** Asks for a token. What is wrong with one shows when the server is asked with it. */
export function SignIn({ notice }: { notice: string | null }) {
  const [token, setToken] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    document.title = 'Sign in · Sallyport'
  }, [])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const given = token.trim()
    // A header value takes visible ASCII only (RFC 6750, 2.1: b64token); fetch would throw on anything else.
    if (!/^[\x21-\x7e]+$/.test(given)) {
      setProblem(given === '' ? 'Paste a token first.' : 'This is not a token: it contains spaces or odd characters.')
      return
    }
    signIn(given)
  }
  return (
    <main className={classes.signIn}>
      <form className={`card ${classes.signInCard}`} onSubmit={submit} noValidate>
        <div className={classes.brand}>
          <Mark size={32} />
          <h1>Sign in to Sallyport</h1>
        </div>
        {notice !== null && (
          <div role="alert">
            <Notice tone="warn" title={notice} />
          </div>
        )}
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
        <p className="dim">
          The server prints a sign-in link in its terminal when it starts; opening it signs you in. Otherwise ask an
          administrator for a token.
        </p>
      </form>
    </main>
  )
}
