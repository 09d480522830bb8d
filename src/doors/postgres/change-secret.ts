import { splitOptions } from './startup.ts'
import { encodeStartup } from './wire/encode.ts'
import type { StartupMessage } from './wire/frontend-messages.ts'

/** The setting in which a client shows the secret of a change. The server never sees it. */
export const changeSetting = 'sallyport.change'

/** A StartupMessage without the secret that was in it. */
export interface WithoutSecret {
  readonly secret: string
  readonly startup: StartupMessage
  readonly raw: Buffer
}

/**
 * Takes the secret of a change out of a StartupMessage: a parameter of its own, or `-c sallyport.change=…` among the
 * options. undefined: there is none. Given twice, the last counts, as it does for the server.
 */
export function takeSecret({ major, minor, parameters }: StartupMessage): WithoutSecret | undefined {
  const rest = new Map(parameters)
  let secret: string | undefined
  for (const name of parameters.keys()) {
    if (name.toLowerCase() !== changeSetting) continue
    secret = rest.get(name)
    rest.delete(name)
  }
  const kept: string[] = []
  const words = splitOptions(parameters.get('options') ?? '')
  for (let i = 0; i < words.length; i++) {
    const [word = '', next = ''] = [words[i], words[i + 1]]
    const isSplit = word === '-c'
    const [name, value] = nameAndValue(isSplit ? next : word.replace(/^(-c|--)/, ''))
    if (!/^(-c|--)/.test(word) || name.toLowerCase().replaceAll('-', '_') !== changeSetting) {
      kept.push(word)
      continue
    }
    secret = value
    if (isSplit) i += 1
  }
  if (secret === undefined) return undefined
  if (kept.length === 0) rest.delete('options')
  else if (kept.length < words.length) rest.set('options', kept.map(escaped).join(' '))
  return { secret, startup: { major, minor, parameters: rest }, raw: encodeStartup(rest, (major << 16) | minor) }
}

function nameAndValue(assignment: string): [string, string] {
  const equals = assignment.indexOf('=')
  return equals < 0 ? [assignment, ''] : [assignment.slice(0, equals), assignment.slice(equals + 1)]
}

function escaped(word: string): string {
  return word.replace(/[\s\\]/g, (character) => `\\${character}`)
}
