import type { Impact } from './schema.ts'

/** What an action does to how much, on one line. Names of tables stand in it as they are. */
export function impactText(impact: Impact): string {
  const of = impact.ofTotal === null ? '' : ` of ${impact.ofTotal}`
  const rows = impact.rows === null ? 'rows unknown' : `${impact.exact ? '' : 'about '}${impact.rows}${of} rows`
  const cascades = impact.cascades.map((cascade) => `${cascade.rows} in ${cascade.table}`)
  return [
    rows,
    ...(impact.bounded ? [] : ['nothing limits which rows']),
    ...(cascades.length === 0 ? [] : [`cascades to ${cascades.join(', ')}`]),
    ...(impact.objects === 0 ? [] : [`${impact.objects} objects`]),
    `reversible: ${impact.reversible}`,
  ].join('; ')
}
