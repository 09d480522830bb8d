import { Button, TextInput } from '@mantine/core'
import { IconX } from '@tabler/icons-react'
import { type FormEvent, useRef, useState } from 'react'
import { useRejectAll } from '../api/queries.ts'
import { Notice } from '../parts/notice.tsx'
import page from '../parts/page.module.css'
import classes from './inbox.module.css'

interface BulkRejectProps {
  readonly selected: readonly string[]
  readonly clear: () => void
}

/**
 * Rejects what is selected, with one reason for all. There is no approving in bulk on purpose: an approval lets exact
 * bytes run, and somebody has to have looked at them.
 */
export function BulkReject({ selected, clear }: BulkRejectProps) {
  const [reason, setReason] = useState('')
  const [needsReason, setNeedsReason] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  const reject = useRejectAll()
  const count = selected.length
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (reject.isPending) return
    if (reason.trim() === '') {
      setNeedsReason(true)
      field.current?.focus()
      return
    }
    reject.mutate(
      { holds: selected, reason: reason.trim() },
      {
        onSuccess: () => {
          setReason('')
          clear()
        },
      },
    )
  }
  const failed = reject.data?.failed ?? []
  return (
    <>
      {failed.length > 0 && count === 0 && (
        <Notice tone="warn" title={`${failed.length} of ${reject.data?.asked ?? 0} were not rejected`}>
          <ul>
            {failed.map(({ hold, message }) => (
              <li key={hold}>
                <code>{hold}</code>: {message}
              </li>
            ))}
          </ul>
        </Notice>
      )}
      {count > 0 && (
        <form className={`card ${classes.bulk}`} onSubmit={submit} aria-label="Reject what is selected">
          <strong className="nums nowrap">{count} selected</strong>
          <TextInput
            ref={field}
            className={classes.bulkReason ?? ''}
            aria-label="Reason for rejecting"
            placeholder="Reason: goes on the record; who asked sees it"
            maxLength={2000}
            value={reason}
            error={needsReason ? 'Say why, so that whoever asked knows what to change.' : null}
            onChange={(event) => {
              setReason(event.currentTarget.value)
              setNeedsReason(false)
            }}
          />
          <Button
            type="submit"
            color="red"
            variant="outline"
            className={page.reject ?? ''}
            loading={reject.isPending}
            leftSection={<IconX size={16} aria-hidden="true" />}
          >
            Reject {count === 1 ? 'it' : `all ${count}`}
          </Button>
          <Button type="button" variant="subtle" onClick={clear}>
            Clear
          </Button>
        </form>
      )}
    </>
  )
}
