import type { Json } from '../api/types.ts'

/** Canonical JSON (RFC 8785): what stands in the log. Its numbers are those that JSON.stringify writes. */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  // By UTF-16 code units, as `<` compares.
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`
}
