import { NativeSelect } from '@mantine/core'
import { useMemo, useState } from 'react'
import { useActionCounts } from '../api/queries.ts'
import { number, verdictWords } from '../format/impact.ts'
import { Failure } from '../parts/loading.tsx'
import { Chart } from './chart.tsx'
import type { TimelineFilter } from './filter.ts'
import classes from './timeline.module.css'

const spans = [
  { value: '60', label: 'Last hour' },
  { value: '480', label: 'Last 8 hours' },
  { value: '1440', label: 'Last day' },
] as const

const kinds = [
  { value: 'verdict', label: 'By verdict' },
  { value: 'effect', label: 'By effect' },
  { value: 'door', label: 'By door' },
  { value: 'actor', label: 'By actor' },
] as const

const verdictColours: Readonly<Record<string, string>> = {
  allow: '--sp-chart-1',
  flag: '--sp-chart-3',
  hold: '--sp-chart-4',
  block: '--sp-chart-2',
}
const otherColours = Array.from({ length: 8 }, (_, index) => `--sp-chart-${index + 1}`)

/** How many actions there were, and of which kind; a click on a kind, or a stretch of time, filters the list below. */
export function CountsOverTime({ onFilter }: { onFilter: (change: TimelineFilter) => void }) {
  const [by, setBy] = useState<string>('verdict')
  const [minutes, setMinutes] = useState<string>('60')
  const { data, error } = useActionCounts(by, Number(minutes))
  const colours = useMemo(
    () =>
      (data?.series ?? []).map((one, index) =>
        by === 'verdict' ? (verdictColours[one.value ?? ''] ?? '--sp-dim') : (otherColours[index] ?? '--sp-dim'),
      ),
    [data, by],
  )
  return (
    <section className={`card ${classes.counts}`} aria-label="Actions over time">
      <div className={classes.countsHead}>
        <NativeSelect
          size="xs"
          aria-label="Counted by"
          value={by}
          onChange={(event) => setBy(event.currentTarget.value)}
          data={[...kinds]}
        />
        <NativeSelect
          size="xs"
          aria-label="How far back"
          value={minutes}
          onChange={(event) => setMinutes(event.currentTarget.value)}
          data={[...spans]}
        />
      </div>
      {error !== null && data === undefined ? (
        <Failure title="Actions could not be counted" error={error} />
      ) : data === undefined || data.series.length === 0 ? (
        <p className={`dim ${classes.noCounts}`}>{data === undefined ? 'Counting …' : 'No actions in this time.'}</p>
      ) : (
        <>
          <Chart
            counts={data}
            colours={colours}
            label={`Actions over time: ${data.series.map((one) => `${one.total} ${nameOf(by, one.value)}`).join(', ')}`}
            onRange={(since, until) => onFilter({ since, until })}
          />
          <ul className={classes.legend} aria-label="Kinds">
            {data.series.map((one, index) => (
              <li key={one.value ?? ''}>
                <button
                  type="button"
                  className={classes.legendKey}
                  disabled={one.value === null}
                  onClick={() => onFilter(filterOf(by, one.value ?? ''))}
                >
                  <span style={{ background: `var(${colours[index]})` }} aria-hidden="true" />
                  {nameOf(by, one.value)} <strong className="nums">{number(one.total)}</strong>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  )
}

function nameOf(by: string, value: string | null): string {
  if (value === null) return 'others'
  const words = by === 'verdict' ? Object.entries(verdictWords).find(([verdict]) => verdict === value) : undefined
  return words?.[1].words ?? value
}

function filterOf(by: string, name: string): TimelineFilter {
  switch (by) {
    case 'effect':
      return { effect: name }
    case 'door':
      return { door: name }
    case 'actor':
      return { actor: name }
    default:
      return { verdict: name }
  }
}
