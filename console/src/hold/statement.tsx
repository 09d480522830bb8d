import { SegmentedControl } from '@mantine/core'
import { type ReactNode, useMemo, useState } from 'react'
import type { Action, Effect, Json } from '../api/types.ts'
import { number } from '../format/impact.ts'
import { formatSql } from '../format/sql.ts'
import { Copy } from '../parts/copy.tsx'
import { Notice } from '../parts/notice.tsx'
import { hiddenWarning, Revealed } from '../parts/revealed.tsx'
import { Sql } from '../parts/sql.tsx'
import classes from './hold.module.css'

/** Exactly what would run, complete: nothing is cut, folded or highlighted away. */
export function Statement({ action }: { action: Action }) {
  const { statement, prepared, parameters, unknownBecause, ...others } = action.request
  const text = typeof statement === 'string' ? statement : JSON.stringify(action.request, null, 2)
  // EXECUTE names a prepared statement: what runs is the text behind the name.
  const behind = typeof prepared === 'string' ? prepared : null
  const values = Array.isArray(parameters) ? parameters : []
  const rest = typeof statement === 'string' ? Object.entries(others).filter(([, value]) => !isEmpty(value)) : []
  const warning = hiddenWarning([text, behind ?? '', ...values.map(asText)].join('\n'))
  return (
    <div className={classes.statementBlock}>
      {typeof unknownBecause === 'string' && (
        <Notice tone="warn" title="The door does not fully understand this">
          <Revealed text={unknownBecause} />
        </Notice>
      )}
      {warning !== null && (
        <Notice tone="danger" title="Not everything in this statement is what it seems">
          {warning} They are marked below.
        </Notice>
      )}
      {typeof statement === 'string' && action.protocol === 'postgres' ? (
        <SqlText title="Statement" text={text} effects={action.effects} />
      ) : (
        <Text title={typeof statement === 'string' ? 'Statement' : 'Request'} text={text} />
      )}
      {behind !== null && <SqlText title="The prepared statement it runs" text={behind} effects={action.effects} />}
      {values.length > 0 && (
        <div>
          <h3 className="section-title">Parameters</h3>
          <ol className={classes.parameters}>
            {values.map((value, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a parameter is its position
              <li key={index}>
                <span className="dim mono">${index + 1}</span>
                <pre dir="ltr">
                  {value === null ? <em className="dim">NULL</em> : <Revealed text={asText(value)} />}
                </pre>
              </li>
            ))}
          </ol>
        </div>
      )}
      {rest.length > 0 && (
        <dl className={classes.requestFacts}>
          {rest.map(([name, value]) => (
            <div key={name}>
              <dt className="dim">{name}</dt>
              <dd className="mono">
                <Revealed text={asText(value)} />
              </dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  )
}

/** A statement longer than this in one line is hard to read as it was sent. */
const readableLine = 100

/** A statement, laid out for reading where that helps; as it was sent is one click away and what is copied. */
function SqlText({ title, text, effects }: { title: string; text: string; effects: readonly Effect[] }) {
  const formatted = useMemo(() => formatSql(text), [text])
  const isLong = text.split('\n').some((line) => line.length > readableLine)
  const [layout, setLayout] = useState<'sent' | 'formatted'>(isLong ? 'formatted' : 'sent')
  const isFormatted = formatted !== null && layout === 'formatted'
  return (
    <div>
      <Head title={title} text={text}>
        {formatted !== null && (
          <SegmentedControl
            size="xs"
            aria-label="How the statement is laid out"
            value={layout}
            onChange={(value) => setLayout(value === 'sent' ? 'sent' : 'formatted')}
            data={[
              { value: 'sent', label: 'As sent' },
              { value: 'formatted', label: 'Laid out' },
            ]}
          />
        )}
      </Head>
      <pre className={classes.statement} dir="ltr">
        <Sql text={isFormatted ? formatted : text} effects={effects} />
      </pre>
      {isFormatted && <p className={classes.size}>Only white space differs from what was sent and would run.</p>}
    </div>
  )
}

function Text({ title, text }: { title: string; text: string }) {
  return (
    <div>
      <Head title={title} text={text} />
      <pre className={classes.statement} dir="ltr">
        <Revealed text={text} />
      </pre>
    </div>
  )
}

function Head({ title, text, children }: { title: string; text: string; children?: ReactNode }) {
  const lines = text.split('\n').length
  return (
    <div className={classes.statementHead}>
      <h3 className="section-title">{title}</h3>
      {children}
      <span className={classes.size}>
        {lines > 1 && `${number(lines)} lines, `}
        {number(Array.from(text).length)} characters, complete
      </span>
      <Copy value={text} what={title.toLowerCase()} />
    </div>
  )
}

function isEmpty(value: Json): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0)
}

/** A string as it is, a list of strings as a list, anything else as JSON. */
function asText(value: Json): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(', ')
  return JSON.stringify(value)
}
