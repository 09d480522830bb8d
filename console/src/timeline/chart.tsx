import 'uplot/dist/uPlot.min.css'
import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import type { ActionCounts } from '../api/types.ts'
import classes from './timeline.module.css'

interface ChartProps {
  readonly counts: ActionCounts
  /** The colour of each series, as a CSS variable. */
  readonly colours: readonly string[]
  /** Said to whoever cannot see it. */
  readonly label: string
  /** A stretch of time was marked; RFC 3339. */
  readonly onRange: (since: string, until: string) => void
}

const height = 150

/** Counts over time, the series on top of each other. Dragging over it marks a stretch of time. */
export function Chart(props: ChartProps) {
  // Canvas knows no CSS variables: in other colours it is drawn anew.
  return <Plot key={useComputedColorScheme('light')} {...props} />
}

function Plot({ counts, colours, label, onRange }: ChartProps) {
  const place = useRef<HTMLDivElement>(null)
  const ranged = useRef(onRange)
  useEffect(() => {
    ranged.current = onRange
  })
  useEffect(() => {
    const element = place.current
    if (element === null) return
    const starts = counts.times.map((time) => Date.parse(time) / 1000)
    // Once more at the end, where the last bucket ends.
    const times = [...starts, (starts.at(-1) ?? 0) + counts.step]
    // The scheme is set on the root, from which the colours come.
    const style = getComputedStyle(document.documentElement)
    const colour = (name: string) => style.getPropertyValue(name)
    const axis = { stroke: colour('--sp-dim'), grid: { stroke: colour('--sp-line'), width: 1 }, ticks: { show: false } }
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height,
        legend: { show: false },
        cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
        scales: { y: { range: (_, __, max) => [0, Math.max(4, max)] } },
        axes: [
          { ...axis, values: (_, times) => times.map(hour) },
          { ...axis, size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 500, 1_000, 5_000, 10_000, 100_000] },
        ],
        series: [
          {},
          ...counts.series.map((_, index) => ({
            fill: colour(colours[index] ?? '--sp-dim'),
            width: 0,
            points: { show: false },
            ...(uPlot.paths.stepped === undefined ? {} : { paths: uPlot.paths.stepped({ align: 1 }) }),
          })),
        ],
        hooks: {
          setSelect: [
            (self) => {
              if (self.select.width < 4) return
              const at = (x: number) => new Date(self.posToVal(x, 'x') * 1000).toISOString()
              ranged.current(at(self.select.left), at(self.select.left + self.select.width))
            },
          ],
        },
      },
      [times, ...stacked(counts.series.map((one) => one.counts))],
      element,
    )
    const resize = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }))
    resize.observe(element)
    return () => {
      resize.disconnect()
      plot.destroy()
    }
  }, [counts, colours])
  return <div ref={place} className={classes.chart} role="img" aria-label={label} />
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })

function hour(seconds: number): string {
  return clock.format(seconds * 1000)
}

/** Each series with all that follow it under it; drawn in this order, the earlier ones show above the later. */
function stacked(series: readonly (readonly number[])[]): number[][] {
  const sums: number[][] = []
  let below: readonly number[] = (series[0] ?? []).map(() => 0)
  for (const counts of [...series].reverse()) {
    below = counts.map((count, bucket) => count + (below[bucket] ?? 0))
    // Once more at the end, where the last step ends.
    sums.unshift([...below, below.at(-1) ?? 0])
  }
  return sums
}
