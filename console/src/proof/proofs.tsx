import { Button } from '@mantine/core'
import { IconShieldCheck } from '@tabler/icons-react'
import { useState } from 'react'
import { useLogKey } from '../api/queries.ts'
import type { LedgerEntry } from '../api/types.ts'
import { number } from '../format/impact.ts'
import { Failure } from '../parts/loading.tsx'
import { Notice } from '../parts/notice.tsx'
import { type CheckedEntry, checkEntries } from './check-entries.ts'
import { useOwnKey } from './own-key.ts'
import classes from './proof.module.css'

/** Checks in this browser that entries are on the signed record, as they are shown. */
export function Proofs({ entries }: { entries: readonly LedgerEntry[] }) {
  const told = useLogKey()
  const own = useOwnKey()
  const [checked, setChecked] = useState<readonly CheckedEntry[] | null>(null)
  const [isBusy, setIsBusy] = useState(false)
  const key = own ?? told.data
  const check = async () => {
    if (key === undefined) return
    setIsBusy(true)
    setChecked(await checkEntries(entries, key))
    setIsBusy(false)
  }
  if (told.error !== null && own === null) return <Failure title="The key of the log is not known" error={told.error} />
  return (
    <div className={classes.proofs}>
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<IconShieldCheck size={14} aria-hidden="true" />}
        loading={isBusy}
        disabled={key === undefined}
        onClick={() => void check()}
      >
        Check the proofs in this browser
      </Button>
      <div role="status" aria-live="polite">
        {checked !== null && key !== undefined && <Result checked={checked} logKey={key} isOwn={own !== null} />}
      </div>
    </div>
  )
}

function Result({ checked, logKey, isOwn }: { checked: readonly CheckedEntry[]; logKey: string; isOwn: boolean }) {
  const wrong = checked.filter(({ problem }) => problem !== undefined)
  const size = Math.max(...checked.map(({ proved }) => proved?.size ?? 0))
  if (wrong.length > 0) {
    return (
      <Notice tone="danger" title={`${wrong.length} of ${checked.length} entries could not be proved`}>
        <ul>
          {wrong.map(({ index, problem }) => (
            <li key={index}>
              #{number(index)}: {problem}
            </li>
          ))}
        </ul>
      </Notice>
    )
  }
  return (
    <Notice tone="ok" title={`All ${checked.length} entries are on the record, as they are shown`}>
      Each leads to the root of a checkpoint over {number(size)} entries, signed by <code>{logKey.split('+')[0]}</code>,
      key <code>{logKey.split('+')[1]}</code>.{' '}
      {isOwn
        ? 'That is the key that you keep in this browser.'
        : 'That key is the server’s word: keep your own, on the page Ledger, and it is not.'}
    </Notice>
  )
}
