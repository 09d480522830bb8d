import { Button, SegmentedControl } from '@mantine/core'
import { useState } from 'react'
import { useRules } from '../api/queries.ts'
import type { RulesView } from '../api/types.ts'
import { outcomeTone } from '../format/impact.ts'
import { Failure, Loading } from '../parts/loading.tsx'
import { Notice } from '../parts/notice.tsx'
import classes from '../parts/page.module.css'
import { Tag } from '../parts/tag.tsx'
import { RuleFiles } from './rule-files.tsx'
import own from './rules.module.css'

/** The rule set in force, and why newer files are not, where that is so. */
export function RulesPage() {
  const { data, error, refetch } = useRules()
  const [view, setView] = useState<'rules' | 'files'>('rules')
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
          <SegmentedControl
            className={own.views ?? ''}
            aria-label="What to show"
            value={view}
            onChange={(value) => {
              setAt(null)
              setView(value === 'files' ? 'files' : 'rules')
            }}
            data={[
              { value: 'rules', label: `Rules (${data.rules.length})` },
              { value: 'files', label: `Files (${data.files.length})` },
            ]}
          />
          {view === 'files' ? (
            <RuleFiles at={at} />
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
              <td>{rule.about}</td>
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
