import { useNow } from '../format/clock.ts'
import { age, countdown, longTime, shortTime } from '../format/time.ts'

export function Age({ at }: { at: string }) {
  const now = useNow()
  return (
    <time dateTime={at} title={longTime(at)} className="nums nowrap">
      {age(now - Date.parse(at))}
    </time>
  )
}

export function At({ at }: { at: string }) {
  const now = useNow()
  return (
    <time dateTime={at} title={longTime(at)} className="nums">
      {shortTime(at, now)}
    </time>
  )
}

/** Time left until `until`, counting down; urgent in the last tenth of what there was since `from`. */
export function TimeLeft({ from, until }: { from: string; until: string }) {
  const now = useNow()
  const left = Date.parse(until) - now
  const urgent = left < (Date.parse(until) - Date.parse(from)) / 10
  return (
    <time
      dateTime={until}
      title={`until ${longTime(until)}`}
      className="nums nowrap"
      style={urgent ? { color: 'var(--sp-danger)', fontWeight: 600 } : undefined}
    >
      {countdown(left)}
    </time>
  )
}
