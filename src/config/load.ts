import { readFileSync } from 'node:fs'
import { errorMessage, SallyportError } from '../errors/index.ts'
import type { Config } from './config.ts'
import { defaultConfigHelp } from './help.ts'
import { parseConfig } from './parse.ts'

/**
 * Reads the configuration file.
 * @throws SallyportError `not_found` where there is none (the hint explains how to write one), `config_invalid`
 */
export function loadConfig(path: string): Config {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') {
      throw new SallyportError('not_found', `There is no configuration file ${path}.`, {
        hint: defaultConfigHelp(path),
        cause: thrown,
      })
    }
    throw new SallyportError('config_invalid', `${path} cannot be read: ${errorMessage(thrown)}`, { cause: thrown })
  }
  return parseConfig(text, path, process.env)
}
