import { Button, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useLogKey } from '../api/queries.ts'
import { Copy } from '../parts/copy.tsx'
import { Notice } from '../parts/notice.tsx'
import { keepOwnKey, useOwnKey } from './own-key.ts'
import classes from './proof.module.css'
import { parseVerifierKey } from './verify-proof.ts'

/** The verifier key: what the server says it is, and what this browser was told to trust. */
export function LogKey() {
  const told = useLogKey().data
  const own = useOwnKey()
  const [given, setGiven] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const keep = async (event: FormEvent) => {
    event.preventDefault()
    try {
      await parseVerifierKey(given)
      keepOwnKey(given.trim())
      setGiven('')
      setProblem(null)
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error))
    }
  }
  return (
    <>
      {told !== undefined && (
        <p className={classes.key}>
          <code>{told}</code> <Copy value={told} what="the key" />
        </p>
      )}
      <p className="dim">
        Proofs are checked with this key, and so it must not come from whom they are to convict. Have it from somebody
        who ran <code>sallyport ledger key</code> on the server, keep it here, and this browser takes no other.
      </p>
      {own !== null && told !== undefined && own !== told && (
        <Notice tone="danger" title="The server's key is not the one that you keep">
          Either the log has another key now, or this is another log. Proofs are checked with yours, and will not hold.
        </Notice>
      )}
      {own !== null ? (
        <p className={classes.key}>
          You keep <code>{own}</code>{' '}
          <Button size="compact-sm" variant="default" onClick={() => keepOwnKey(null)}>
            Forget it
          </Button>
        </p>
      ) : (
        <form className={classes.keep} onSubmit={(event) => void keep(event)} aria-label="Keep a key">
          <TextInput
            label="Your key"
            placeholder="<name>+<hash>+<key>"
            value={given}
            error={problem}
            onChange={(event) => {
              setGiven(event.currentTarget.value)
              setProblem(null)
            }}
            autoComplete="off"
            required
          />
          <Button type="submit" variant="default">
            Keep it in this browser
          </Button>
        </form>
      )}
    </>
  )
}
