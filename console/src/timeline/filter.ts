import { effectWords, verdictWords } from '../format/impact.ts'

/** What of the timeline is shown, as it stands in the page's address; what is left out says nothing. */
export interface TimelineFilter {
  readonly text?: string
  readonly verdict?: string
  readonly effect?: string
  readonly door?: string
  readonly actor?: string
  /** RFC 3339. */
  readonly since?: string
  readonly until?: string
}

const members = ['text', 'verdict', 'effect', 'door', 'actor', 'since', 'until'] as const

/** The filter in an address that anybody may have written. */
export function readFilter(search: Readonly<Record<string, unknown>>): TimelineFilter {
  const found: Partial<Record<(typeof members)[number], string>> = {}
  for (const name of members) {
    const value = search[name]
    if (typeof value === 'string' && value !== '') found[name] = value
    // The router reads a bare number in an address as one.
    if (name === 'text' && typeof value === 'number') found.text = String(value)
  }
  if (found.verdict !== undefined && !Object.hasOwn(verdictWords, found.verdict)) delete found.verdict
  if (found.effect !== undefined && !Object.hasOwn(effectWords, found.effect)) delete found.effect
  for (const name of ['since', 'until'] as const) {
    if (found[name] !== undefined && Number.isNaN(Date.parse(found[name]))) delete found[name]
  }
  return found
}

export function isFiltering(filter: TimelineFilter): boolean {
  return members.some((name) => filter[name] !== undefined)
}

/** As a query string of the API, without the question mark. */
export function filterQuery(filter: TimelineFilter): string {
  const query = new URLSearchParams()
  for (const name of members) {
    const value = filter[name]
    if (value !== undefined) query.set(name, value)
  }
  return query.toString()
}
