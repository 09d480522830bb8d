const milliseconds = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of `0s`, `500ms`, `30s`, `10m`, `2h`, `30d`: a whole number and one unit; undefined otherwise. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,6})(ms|s|m|h|d)$/.exec(text) ?? []
  if (unit !== 'ms' && unit !== 's' && unit !== 'm' && unit !== 'h' && unit !== 'd') return undefined
  return Number(amount) * milliseconds[unit]
}

/** The shortest way to write it that {@link parseDuration} reads back. */
export function formatDuration(duration: number): string {
  const units = ['d', 'h', 'm', 's'] as const
  const unit = duration === 0 ? 's' : (units.find((name) => duration % milliseconds[name] === 0) ?? 'ms')
  return `${duration / milliseconds[unit]}${unit}`
}
