import { InvalidArgumentError } from 'commander'
import { parseDuration } from '../config/index.ts'

/** An option that is a duration, in milliseconds. @throws InvalidArgumentError */
export function duration(text: string): number {
  const value = parseDuration(text)
  if (value === undefined || value <= 0) throw new InvalidArgumentError('Write a duration such as 30m or 12h.')
  return value
}
