import { useRules } from '../api/queries.ts'
import type { RulesView } from '../api/types.ts'
import { outcomeTone } from '../format/impact.ts'
import { Failure, Loading } from '../parts/loading.tsx'
import { Notice } from '../parts/notice.tsx'
import classes from '../parts/page.module.css'
import { Tag } from '../parts/tag.tsx'

/** The rule set in force, and why newer files are not, where that is so. */
export function RulesPage() {
  const { data, error, refetch } = useRules()
  return (
    <>
      <div className={classes.head}>
        <h1>Rules</h1>
        <p className="dim">
          {data === undefined ? (
            'The rule set in force'
          ) : (
            <>
              Rule set <code>{data.version}</code> is in force, from {data.files.map(({ file }) => file).join(', ')}
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
          {data.rules.length === 0 ? (
            <Notice tone="warn" title="There are no rules">
              Every action that can be understood is let through and recorded.
            </Notice>
          ) : (
            <RuleTable rules={data.rules} />
          )}
        </div>
      )}
    </>
  )
}

function RuleTable({ rules }: { rules: RulesView['rules'] }) {
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
                <code>
                  {rule.file}:{rule.line}
                </code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
