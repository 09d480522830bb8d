import { Button, SegmentedControl } from '@mantine/core'
import { useState } from 'react'
import { useCanary, useRules } from '../api/rule-queries.ts'
import type { RulesView } from '../api/rule-types.ts'
import { number, outcomeTone } from '../format/impact.ts'
import { Failure, Loading } from '../parts/loading.tsx'
import { Notice } from '../parts/notice.tsx'
import classes from '../parts/page.module.css'
import { References } from '../parts/references.tsx'
import { Tag } from '../parts/tag.tsx'
import { Canary } from './canary.tsx'
import { Proposals } from './proposals.tsx'
import { RuleFiles } from './rule-files.tsx'
import own from './rules.module.css'
import { Versions } from './versions.tsx'

const views = ['rules', 'files', 'versions', 'canary'] as const
type View = (typeof views)[number]

/** The rule set in force, what waits to take its place, and what was in force before. */
export function RulesPage() {
  const { data, error, refetch } = useRules()
  const [view, setView] = useState<View>('rules')
  const canary = useCanary().data ?? null
  const [at, setAt] = useState<{ file: string; line: number } | null>(null)
  return (
    <>
      <div className={classes.head}>
        <h1>Rules</h1>
        <p className="dim">
          {data === undefined ? (
            'The rule set in force'
          ) : (
            <>
              Rule set <code>{data.version}</code> is in force, from {data.files.length}{' '}
              {data.files.length === 1 ? 'file' : 'files'}
            </>
          )}
        </p>
      </div>
      {data === undefined ? (
        error === null ? (
          <Loading what="rules" />
        ) : (
          <Failure title="The rules could not be loaded" error={error} retry={() => void refetch()} />
        )
      ) : (
        <div className={classes.stack}>
          {data.problems !== null && (
            <Notice tone="danger" title="The newest rule files do not load; the last good set stays in force">
              <pre className={classes.problems}>{data.problems}</pre>
            </Notice>
          )}
          <Proposals inForce={data.version} />
          <SegmentedControl
            className={own.views ?? ''}
            aria-label="What to show"
            value={view}
            onChange={(value) => {
              setAt(null)
              setView(views.find((one) => one === value) ?? 'rules')
            }}
            data={[
              { value: 'rules', label: `Rules (${data.rules.length})` },
              { value: 'files', label: `Files (${data.files.length})` },
              { value: 'versions', label: 'Versions' },
              ...(canary === null ? [] : [{ value: 'canary', label: `Canary (${number(canary.differently)})` }]),
            ]}
          />
          {view === 'files' ? (
            <RuleFiles at={at} />
          ) : view === 'versions' ? (
            <Versions />
          ) : view === 'canary' && canary !== null ? (
            <Canary report={canary} />
          ) : data.rules.length === 0 ? (
            <Notice tone="warn" title="There are no rules">
              Every action that can be understood is let through and recorded.
            </Notice>
          ) : (
            <RuleTable
              rules={data.rules}
              open={(rule) => {
                setAt(rule)
                setView('files')
              }}
            />
          )}
        </div>
      )}
    </>
  )
}

interface RuleTableProps {
  readonly rules: RulesView['rules']
  readonly open: (at: { file: string; line: number }) => void
}

function RuleTable({ rules, open }: RuleTableProps) {
  return (
    <div className={`card ${classes.scroll}`}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col">What it is about</th>
            <th scope="col">Outcome</th>
            <th scope="col">Where</th>
          </tr>
        </thead>
        <tbody>
          {rules.map((rule) => (
            <tr key={`${rule.file}:${rule.line}`}>
              <td className="nowrap">
                <code>{rule.id}</code>
              </td>
              <td>
                {rule.about}
                <References of={rule.references} />
              </td>
              <td className="nowrap">
                <Tag tone={outcomeTone[rule.outcome]}>{rule.outcome}</Tag>{' '}
                {rule.mode === 'shadow' && <Tag title="Records what it would have done">shadow</Tag>}
              </td>
              <td className="dim nowrap">
                <Button variant="subtle" size="compact-sm" onClick={() => open({ file: rule.file, line: rule.line })}>
                  <code>
                    {rule.file.split('/').at(-1)}:{rule.line}
                  </code>
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
