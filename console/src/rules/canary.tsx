import type { CanaryReport, Said } from '../api/rule-types.ts'
import { number, outcomeTone } from '../format/impact.ts'
import { Notice } from '../parts/notice.tsx'
import { Revealed } from '../parts/revealed.tsx'
import { Tag } from '../parts/tag.tsx'
import { At, TimeLeft } from '../parts/time.tsx'
import { WideTable } from '../parts/wide-table.tsx'
import own from './rules.module.css'

/** Ways to differ that are listed, the most frequent first. */
const listed = 50

/** How a candidate that judges beside the rules in force differs from them. */
export function Canary({ report }: { report: CanaryReport }) {
  const { version, by, at, until, endedAt, judgements, differently, differences } = report
  return (
    <section className={own.files} aria-label="Canary">
      <p>
        <code>{version}</code>{' '}
        <Tag tone={endedAt === null ? 'ok' : 'quiet'}>{endedAt === null ? 'running' : 'ended'}</Tag> Tried by{' '}
        <Revealed text={by} /> since <At at={at} />
        {endedAt === null ? (
          <>
            , for another <TimeLeft from={at} until={until} />
          </>
        ) : (
          <>
            , until <At at={endedAt} />
          </>
        )}
        . It decides nothing.
      </p>
      {differences.length === 0 ? (
        <Notice tone="quiet" title="No difference so far">
          {number(judgements)} judgements, and the candidate would have said the same.
        </Notice>
      ) : (
        <>
          <p>
            <strong className="nums">{number(differently)}</strong> of{' '}
            <span className="nums">{number(judgements)}</span> judgements would have come out differently
          </p>
          <Differences differences={differences.slice(0, listed)} />
        </>
      )}
    </section>
  )
}

function Differences({ differences }: Pick<CanaryReport, 'differences'>) {
  return (
    <WideTable label="How the candidate differs" head={['In force', 'Candidate', 'Times', 'Such as']}>
      {differences.map(({ was, becomes, judgements, examples }) => (
        <tr key={JSON.stringify([was, becomes])}>
          <td className="nowrap">
            <Verdict said={was} />
          </td>
          <td className="nowrap">
            <Verdict said={becomes} />
          </td>
          <td className="nums">{number(judgements)}</td>
          <td>
            <ul>
              {onceEach(examples).map(({ action, actor, operation, statement }) => (
                <li key={action} className={own.example}>
                  <Revealed text={actor} />:{' '}
                  <code>
                    <Revealed text={statement ?? operation} />
                  </code>
                </li>
              ))}
            </ul>
          </td>
        </tr>
      ))}
    </WideTable>
  )
}

/** An action that is measured before it is final is judged, and listed, twice. */
function onceEach(examples: CanaryReport['differences'][number]['examples']) {
  return [...new Map(examples.map((one) => [one.action, one])).values()]
}

function Verdict({ said: { outcome, rule } }: { said: Said }) {
  return (
    <>
      <Tag tone={outcomeTone[outcome]}>{outcome}</Tag>{' '}
      {rule === null ? <span className="dim">no rule</span> : <code>{rule}</code>}
    </>
  )
}
