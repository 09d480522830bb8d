const unitMilliseconds = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90s`, `30m`, `2h`, `1d`: a whole number and one unit. */
export const durationPattern = /^([1-9]\d{0,5})([smhd])$/

/** Milliseconds of a duration such as `30m`; undefined if it is not one. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = durationPattern.exec(text) ?? []
  if (unit !== 's' && unit !== 'm' && unit !== 'h' && unit !== 'd') return undefined
  return Number(amount) * unitMilliseconds[unit]
}
