import { Button, Modal, TextInput } from '@mantine/core'
import { type FormEvent, useId, useRef, useState } from 'react'
import { useRollback } from '../api/rule-queries.ts'
import type { RuleChange, RuleProposals, RuleVersion } from '../api/rule-types.ts'
import { Failure } from '../parts/loading.tsx'
import own from './rules.module.css'
import { VersionChanges } from './version-changes.tsx'

interface RollbackProps {
  /** The version that was chosen; null: none is. */
  readonly chosen: RuleVersion | null
  readonly inForce: string
  readonly review: RuleProposals['review']
  readonly onDone: (change: RuleChange) => void
  readonly close: () => void
  /** It is gone from the screen: the focus has to go somewhere. */
  readonly onClosed: () => void
}

/** Asks whether a version is really to be put in force, after a look at what that changes, and why. */
export function Rollback({ chosen, onClosed, ...props }: RollbackProps) {
  return (
    <Modal.Root
      opened={chosen !== null}
      onClose={props.close}
      onExitTransitionEnd={onClosed}
      returnFocus={false}
      size="xl"
    >
      <Modal.Overlay />
      <Modal.Content>
        {/* Not in Mantine's header: within a dialog that counts as a second banner of the page. */}
        <Modal.Body>
          <Modal.Title className={own.title ?? ''}>{chosen === null ? '' : rollbackTitle(chosen)}</Modal.Title>
          {chosen !== null && <Confirmation chosen={chosen} {...props} />}
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  )
}

/** What putting a version in force is: going back to one that was, or forward to one that never was. */
export function rollbackWords({ inForceAt }: RuleVersion): string {
  return inForceAt === null ? 'Put in force' : 'Roll back'
}

export function rollbackTitle(version: RuleVersion): string {
  return `${rollbackWords(version)} ${version.inForceAt === null ? '' : 'to '}${version.version}`
}

interface ConfirmationProps extends Omit<RollbackProps, 'chosen' | 'onClosed'> {
  readonly chosen: RuleVersion
}

function Confirmation({ chosen, inForce, review, onDone, close }: ConfirmationProps) {
  const rollback = useRollback(chosen.version)
  const [reason, setReason] = useState('')
  const [needsReason, setNeedsReason] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  const changes = useId()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (rollback.isPending) return
    if (reason.trim() === '') {
      setNeedsReason(true)
      field.current?.focus()
      return
    }
    rollback.mutate(reason.trim(), {
      onSuccess: (change) => {
        onDone(change)
        close()
      },
    })
  }
  return (
    <form className={own.confirmation} onSubmit={submit}>
      <p>
        {review === null
          ? 'It judges the next action, also of sessions that are open, and stays until the rule files change.'
          : `It is proposed: ${reviewWords(review)} must accept it first. Until then the rules in force stay.`}
      </p>
      <section aria-labelledby={changes}>
        <h3 id={changes} className="section-title">
          What changes
        </h3>
        <VersionChanges from={inForce} to={chosen.version} />
      </section>
      <TextInput
        ref={field}
        data-autofocus
        label="Reason"
        description="Goes on the record."
        maxLength={2000}
        value={reason}
        error={needsReason ? 'Say why: whoever reads the record later wants to know.' : null}
        onChange={(event) => {
          setReason(event.currentTarget.value)
          setNeedsReason(false)
        }}
      />
      {rollback.error !== null && <Failure title="The rules in force stay as they are" error={rollback.error} />}
      <div className={own.buttons}>
        <Button type="submit" loading={rollback.isPending}>
          {review === null ? `${rollbackWords(chosen)} now` : 'Propose it'}
        </Button>
        <Button type="button" variant="default" onClick={close}>
          Keep what is in force
        </Button>
      </div>
    </form>
  )
}

/** `2 other people from dba or oncall`, `one other person`. */
function reviewWords({ approvals, groups }: NonNullable<RuleProposals['review']>): string {
  const people = approvals === 1 ? 'one other person' : `${approvals} other people`
  return groups.length === 0 ? people : `${people} from ${groups.join(' or ')}`
}
