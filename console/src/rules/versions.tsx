import { Button } from '@mantine/core'
import { useRef, useState } from 'react'
import { useMe } from '../api/queries.ts'
import { useRuleProposals, useRuleVersions } from '../api/rule-queries.ts'
import type { RuleChange, RuleVersion } from '../api/rule-types.ts'
import { Failure, Loading } from '../parts/loading.tsx'
import { Notice } from '../parts/notice.tsx'
import { Revealed } from '../parts/revealed.tsx'
import { Tag } from '../parts/tag.tsx'
import { At } from '../parts/time.tsx'
import { WideTable } from '../parts/wide-table.tsx'
import { Rollback, rollbackTitle, rollbackWords } from './rollback.tsx'
import own from './rules.module.css'

/** Versions that are listed before somebody asks for all. */
const listedFirst = 50

const columns = [
  'Version',
  'On record',
  'In force since or last',
  'By',
  'Commit',
  <span key="action" className="visually-hidden">
    What can be done
  </span>,
]

/** Every version of the rules on the record; an admin can go back to one. */
export function Versions() {
  const { data, error, refetch } = useRuleVersions()
  const proposals = useRuleProposals().data
  const [all, setAll] = useState(false)
  const isAdmin = useMe().data?.person.roles.includes('admin') ?? false
  const [chosen, setChosen] = useState<RuleVersion | null>(null)
  const [change, setChange] = useState<RuleChange | null>(null)
  const told = useRef<HTMLDivElement>(null)
  const asked = useRef<HTMLElement>(null)
  if (data === undefined) {
    return error === null ? (
      <Loading what="versions" />
    ) : (
      <Failure title="The versions could not be loaded" error={error} retry={() => void refetch()} />
    )
  }
  const { inForce, files, versions } = data
  const choose = (version: RuleVersion, button: HTMLElement) => {
    asked.current = button
    setChange(null)
    setChosen(version)
  }
  const waits = proposals?.proposals.some(({ version, state }) => version === files && state === 'open') ?? false
  const listed = all ? versions : versions.slice(0, listedFirst)
  return (
    <section className={own.files} aria-label="Versions">
      <div role="status" aria-live="polite" ref={told} tabIndex={-1} className={own.told}>
        {change !== null && <Changed change={change} />}
      </div>
      {files !== inForce && !waits && (
        <Notice tone="warn" title="The rule files hold another version than the one in force">
          They hold <code>{files}</code>. What is in force stays until they change.
        </Notice>
      )}
      <WideTable label="Versions on the record, newest first" head={columns}>
        {listed.map((version) => (
          <Row
            key={version.version}
            version={version}
            isOfFiles={version.version === files}
            choose={isAdmin && !version.inForce && proposals !== undefined ? choose : null}
          />
        ))}
      </WideTable>
      {listed.length < versions.length && (
        <Button variant="default" className={own.views ?? ''} onClick={() => setAll(true)}>
          Show all {versions.length}
        </Button>
      )}
      <Rollback
        chosen={chosen}
        inForce={inForce}
        review={proposals?.review ?? null}
        onDone={setChange}
        close={() => setChosen(null)}
        // The button goes with what it did, and the focus would with it.
        onClosed={() => (change === null ? asked : told).current?.focus({ preventScroll: true })}
      />
    </section>
  )
}

function Changed({ change: { state, version } }: { change: RuleChange }) {
  return state === 'in-force' ? (
    <Notice tone="ok" title={`Version ${version} was put in force`} />
  ) : (
    <Notice tone="warn" title={`Version ${version} is proposed`}>
      It comes into force once others have accepted it.
    </Notice>
  )
}

interface RowProps {
  readonly version: RuleVersion
  readonly isOfFiles: boolean
  /** null: it cannot be put in force, or not by who looks. */
  readonly choose: ((version: RuleVersion, button: HTMLElement) => void) | null
}

function Row({ version, isOfFiles, choose }: RowProps) {
  return (
    <tr>
      <td className="nowrap">
        <code>{version.version}</code> {version.inForce && <Tag tone="ok">in force</Tag>}{' '}
        {isOfFiles && <Tag title="What the rule files hold">files</Tag>}
      </td>
      <td className="nowrap">
        <At at={version.at} />
      </td>
      <td className="nowrap">
        {version.inForceAt === null ? <span className="dim">never</span> : <At at={version.inForceAt} />}
      </td>
      <td className={own.by}>
        <By version={version} />
      </td>
      <td>
        {version.commit === undefined ? (
          <span className="dim">none</span>
        ) : (
          <code title={version.commit}>{version.commit.slice(0, 12)}</code>
        )}
      </td>
      <td className="nowrap">
        {choose !== null && (
          <Button
            size="compact-sm"
            variant="default"
            aria-label={rollbackTitle(version)}
            onClick={(event) => choose(version, event.currentTarget)}
          >
            {rollbackWords(version)}
          </Button>
        )}
      </td>
    </tr>
  )
}

/** Who put it in force last, and why. */
function By({ version: { switched, inForceAt } }: { version: RuleVersion }) {
  if (switched === null) return <span className="dim">{inForceAt === null ? 'nobody' : 'the files'}</span>
  return (
    <>
      <Revealed text={switched.by} />
      {switched.reason !== '' && (
        <span className="dim">
          : <Revealed text={switched.reason} />
        </span>
      )}
    </>
  )
}
