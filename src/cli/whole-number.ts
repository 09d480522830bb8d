import { UsageError } from './report-error.ts'

/** @throws UsageError */
export function wholeNumber(option: string, given: string): number {
  if (!/^\d{1,15}$/.test(given)) throw new UsageError(`${option} must be a whole number, not ${given}`)
  return Number(given)
}
