import type { Grammar } from './grammar/index.ts'
import { settingFacts } from './grammar/index.ts'
import { type Step, unknownFacts } from './steps.ts'
import type { StartupMessage } from './wire/frontend-messages.ts'

/**
 * Startup parameters that are no settings to judge. Source: PostgreSQL documentation, StartupMessage.
 * The client encoding is one, but the server reports it and every text is read with it in mind.
 */
const notSettings = new Set(['user', 'database', 'options', 'replication', 'client_encoding'])

/**
 * The words of the `options` parameter, as the server splits them: blanks separate, a backslash takes the next
 * character as it is (PostgreSQL source, pg_split_opts).
 */
export function splitOptions(options: string): string[] {
  const words: string[] = []
  let word: string | undefined
  for (let i = 0; i < options.length; i++) {
    const character = options[i] ?? ''
    if (/\s/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (character === '\\') {
      i += 1
      word = (word ?? '') + (options[i] ?? '')
    } else {
      word = (word ?? '') + character
    }
  }
  if (word !== undefined) words.push(word)
  return words
}

/**
 * `-c name=value`, `-cname=value` and `--name=value` in the `options` parameter. undefined: something else is among
 * them.
 */
export function settingsInOptions(options: string): [string, string][] | undefined {
  const words = splitOptions(options)
  const settings: [string, string][] = []
  for (let i = 0; i < words.length; i++) {
    const given = words[i] ?? ''
    let assignment: string | undefined
    if (given === '-c') {
      i += 1
      assignment = words[i]
    } else if (given.startsWith('-c')) assignment = given.slice(2)
    else if (given.startsWith('--')) assignment = given.slice(2)
    const equals = assignment?.indexOf('=') ?? -1
    if (assignment === undefined || equals <= 0) return undefined
    // The server takes - for _ in names given this way.
    settings.push([assignment.slice(0, equals).replaceAll('-', '_'), assignment.slice(equals + 1)])
  }
  return settings
}

/** The settings that come with a connection; undefined: they could not be read. */
export function startupSettings(startup: StartupMessage): [string, string][] | undefined {
  const settings: [string, string][] = []
  for (const [name, value] of startup.parameters) {
    if (!notSettings.has(name) && !name.startsWith('_pq_.')) settings.push([name, value])
  }
  const options = settingsInOptions(startup.parameters.get('options') ?? '')
  return options === undefined ? undefined : [...settings, ...options]
}

/** What connecting does: the connection itself, then every setting that comes with it, judged like SET. */
export function startupSteps(startup: StartupMessage, grammar: Pick<Grammar, 'understand'>): Step[] {
  const shown = [...startup.parameters].map(([name, value]) => `${name}=${value}`).join(' ')
  const text = { bytes: Buffer.from(shown, 'latin1'), sql: shown, understanding: grammar.understand('') }
  const step = (facts: Step['facts'], reason?: string): Step => ({
    facts,
    text,
    ...(reason === undefined ? {} : { reason }),
  })
  const steps = [step({ ...unknownFacts('CONNECT', `CONNECT ${shown}`, []), bounded: true, reversible: 'yes' })]

  const settings = startupSettings(startup)
  if (settings === undefined) {
    const options = `options=${startup.parameters.get('options')}`
    steps.push(step(unknownFacts('CONNECT', options), 'The startup parameter "options" could not be read.'))
  }
  for (const [name, value] of settings ?? []) {
    const facts = settingFacts(name, value)
    if (facts.effects.length > 0) steps.push(step(facts))
  }
  return steps
}

/** Whether the client asks for the replication protocol (any value but a false one; PostgreSQL source, ProcessStartupPacket). */
export function asksForReplication(startup: StartupMessage): boolean {
  const value = startup.parameters.get('replication')?.toLowerCase()
  return value !== undefined && !['false', 'off', 'no', '0', 'f', 'n', 'of'].includes(value)
}

/** A startup parameter as text; '' where it is not given. They are kept byte by byte (wire/string-reader.ts). */
export function startupText({ parameters }: StartupMessage, name: string): string {
  return Buffer.from(parameters.get(name) ?? '', 'latin1').toString('utf8')
}
