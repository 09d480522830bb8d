import { readFile } from 'node:fs/promises'
import type { SecretPlace } from '../config/index.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads a secret anew at each call, so that it can be changed without a restart. A line break at the end of a file
 * does not count. undefined: the variable is not set. Rejects where the file cannot be read.
 */
export function secretReader(place: SecretPlace, environment: Environment): () => Promise<string | undefined> {
  if ('env' in place) return async () => environment[place.env]
  return async () => (await readFile(place.file, 'utf8')).replace(/\r?\n$/, '')
}
