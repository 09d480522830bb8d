import type { CliIo } from './io.ts'
import { UsageError } from './report-error.ts'

/** One thing to know: from an option, else asked at the terminal, else the default. */
export interface Question<T> {
  readonly option: string
  readonly asks: string
  readonly default: string
  /** @throws UsageError where it is no answer */
  readonly read: (text: string) => T
}

/** Wrong answers before it is given up. */
const triesAtMost = 3

/** @param given what the option says @throws UsageError */
export async function answer<T>(io: CliIo, question: Question<T>, given: string | undefined): Promise<T> {
  const { option, asks, default: usual, read } = question
  if (given !== undefined) return asOption(option, () => read(given.trim()))
  if (io.ask === undefined) return asOption(option, () => read(usual))
  for (let tries = 1; ; tries++) {
    const text = (await io.ask(`${asks} [${usual}]: `)).trim() || usual
    try {
      return read(text)
    } catch (thrown) {
      if (!(thrown instanceof UsageError) || tries === triesAtMost) throw thrown
      io.err(`${thrown.message}\n`)
    }
  }
}

function asOption<T>(option: string, read: () => T): T {
  try {
    return read()
  } catch (thrown) {
    throw thrown instanceof UsageError ? new UsageError(`${option}: ${thrown.message}`, thrown.hint) : thrown
  }
}

/** Answers that are one of a few words. */
export function oneOf<T extends string>(words: readonly T[]): (text: string) => T {
  return (text) => {
    const found = words.find((word) => word === text.toLowerCase())
    if (found === undefined) throw new UsageError(`${text} is none of: ${words.join(', ')}`)
    return found
  }
}

/** Answers that are words with commas between them; `none`: there are none. */
export function wordsOr(none: string): (text: string) => string[] {
  return (text) =>
    text.toLowerCase() === none
      ? []
      : [...new Set(text.split(',').map((word) => word.trim()))].filter((word) => word !== '')
}
