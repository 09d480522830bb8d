/** `42 s`, `6 min`, `3 h`, `12 d`: how long ago, coarse. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

/** `09:41`, `2:09:41`: time left, to the second; `0:00` when it is over. */
export function countdown(ms: number): string {
  const total = Math.max(0, Math.ceil(ms / 1000))
  const two = (value: number) => String(value).padStart(2, '0')
  const hours = Math.floor(total / 3600)
  const minutes = Math.floor((total % 3600) / 60)
  return hours > 0 ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${minutes}:${two(total % 60)}`
}

const clockTime = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})
const fullTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' })
const dayAndTime = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})

/** Local time of an RFC 3339 instant: the time alone when it lies within a day of `now`. */
export function shortTime(at: string, now: number): string {
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return at
  return Math.abs(now - date.getTime()) < 12 * 3_600_000 ? clockTime.format(date) : dayAndTime.format(date)
}

/** Date, time and zone, for tooltips. */
export function longTime(at: string): string {
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? at : fullTime.format(date)
}
