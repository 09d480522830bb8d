import { didYouMean } from '../errors/index.ts'

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
type Weekday = (typeof weekdays)[number]

/** `09:00`, and `24:00` for the end of a day. */
export const clockPattern = /^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/
/** `2026-12-24`, or with a time of day, `2026-12-24T18:00`. */
export const datePattern = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:T(?:[01]\d|2[0-3]):[0-5]\d)?$/

/** One stretch of time that comes again, or does not. All that is given must hold; clocks are those of the zone. */
export interface Period {
  readonly days?: readonly Weekday[] | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly since?: string | undefined
  readonly until?: string | undefined
  readonly zone?: string | undefined
}

/** Why a period is not one, with the key it is about. */
export function periodProblem(period: Period): { key: keyof Period; message: string; hint?: string } | undefined {
  const { zone, since, until } = period
  if (zone !== undefined && formatterOf(zone) === undefined) {
    const near = didYouMean(zone, Intl.supportedValuesOf('timeZone'))
    const hint = near === undefined ? 'a zone is called like Europe/Berlin' : `did you mean ${near}?`
    return { key: 'zone', message: `there is no time zone ${zone}`, hint }
  }
  if (since !== undefined && until !== undefined && startOf(since) > endOf(until)) {
    return { key: 'until', message: 'the end comes before the beginning' }
  }
  const { days, from, to } = period
  if ([days, from, to, since, until].every((part) => part === undefined)) {
    return { key: 'zone', message: 'a period says at least one of days, from, to, since and until' }
  }
  return undefined
}

/** Whether a moment (milliseconds since 1970) lies in one of the periods. */
export function isDuring(periods: readonly Period[], now: number): boolean {
  return periods.some((period) => isIn(period, now))
}

/** Whether something that lasts until a date (that day included, UTC) or a time is over. */
export function isOver(until: string, now: number): boolean {
  const local = localTime('UTC', now)
  return `${local.date}T${local.clock}` > endOf(until)
}

function isIn({ days, from, to, since, until, zone = 'UTC' }: Period, now: number): boolean {
  const { date, clock, day } = localTime(zone, now)
  const moment = `${date}T${clock}`
  if (since !== undefined && moment < startOf(since)) return false
  if (until !== undefined && moment > endOf(until)) return false
  const isDay = (number: number) => days === undefined || days.includes(weekdays[(number + 7) % 7] ?? 'mon')
  if (from === undefined && to === undefined) return isDay(day)
  const begin = from ?? '00:00'
  const end = to ?? '24:00'
  if (begin < end) return isDay(day) && clock >= begin && clock < end
  // Over midnight: the days are those on which it begins.
  return (isDay(day) && clock >= begin) || (isDay(day - 1) && clock < end)
}

function startOf(date: string): string {
  return date.includes('T') ? date : `${date}T00:00`
}

/** The last minute: a time of day is where it ends, a date is its last day. */
function endOf(date: string): string {
  if (!date.includes('T')) return `${date}T23:59`
  return new Date(Date.parse(`${date}:00Z`) - 60_000).toISOString().slice(0, 16)
}

interface LocalTime {
  readonly date: string
  readonly clock: string
  /** 0: Monday. */
  readonly day: number
}

/** Clocks change on whole minutes, and formatting is slow: the last minute of each zone is kept. */
const lastMinute = new Map<string, { readonly minute: number; readonly local: LocalTime }>()
const formatters = new Map<string, Intl.DateTimeFormat>()

function localTime(zone: string, now: number): LocalTime {
  const minute = Math.floor(now / 60_000)
  const known = lastMinute.get(zone)
  if (known?.minute === minute) return known.local
  const parts = new Map(
    formatterOf(zone)
      ?.formatToParts(now)
      .map(({ type, value }) => [type, value]),
  )
  const local = {
    date: `${parts.get('year')}-${parts.get('month')}-${parts.get('day')}`,
    clock: `${parts.get('hour')}:${parts.get('minute')}`,
    day: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].indexOf(parts.get('weekday') ?? ''),
  }
  lastMinute.set(zone, { minute, local })
  return local
}

function formatterOf(zone: string): Intl.DateTimeFormat | undefined {
  const known = formatters.get(zone)
  if (known) return known
  try {
    const made = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      weekday: 'short',
    })
    formatters.set(zone, made)
    return made
  } catch {
    return undefined
  }
}
