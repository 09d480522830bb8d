import { FactsBuilder, type StatementFacts } from './facts.ts'
import { isOn } from './tree.ts'

/** Settings that remove a brake. */
const brakes =
  /^(statement_timeout|lock_timeout|transaction_timeout|idle_.*_timeout|row_security|default_transaction_read_only|transaction_read_only|temp_file_limit)$/

/** Settings on which the meaning of statement text depends: changing one makes what follows unreadable. */
const lexer = new Set(['standard_conforming_strings', 'backslash_quote', 'client_encoding', 'escape_string_warning'])

/** What the server writes down of what happens. */
const audit = /^(log_|pgaudit\.|auto_explain\.|track_|logging_|syslog_|event_triggers$)/

/** Settings that change how safe writes are, or where code is loaded from. */
const dangerous = new Set([
  'allow_system_table_mods',
  'dynamic_library_path',
  'extension_control_path',
  'fsync',
  'full_page_writes',
  'ignore_checksum_failure',
  'ignore_invalid_pages',
  'ignore_system_indexes',
  'jit_provider',
  'local_preload_libraries',
  'session_preload_libraries',
  'zero_damaged_pages',
])

/**
 * Adds what setting `name` to `value` does. `null`: back to the default, or a value that the text does not tell.
 * What is not named here is harmless to others: it changes how this session's own statements are planned or shown.
 */
export function addSetting(facts: FactsBuilder, given: string, value: string | null): void {
  const name = given.toLowerCase()
  facts.settings.push({ name, value })
  facts.resource('setting', name)
  if (name === 'role') {
    // RESET ROLE and SET ROLE NONE give back the session's own identity.
    if (value !== null && value !== 'none') facts.effect('grant')
    facts.trait('set-role')
  } else if (name === 'session_authorization') {
    if (value !== null && value !== 'default') facts.effect('grant')
    facts.trait('session-authorization')
  } else if (name === 'session_replication_role') {
    if (value !== 'origin') {
      facts.effect('conceal')
      facts.trait('replication-role')
    }
  } else if (lexer.has(name)) {
    facts.trait('lexer-setting')
    const safe =
      name === 'client_encoding'
        ? /^utf-?8$|^unicode$|^sql_ascii$/i.test(value ?? '')
        : value === 'on' || value === 'safe_encoding'
    if (!safe && name !== 'escape_string_warning') facts.effect('unknown')
  } else if (brakes.test(name)) {
    facts.trait('safety-setting')
    // A timeout of 0 means none; a limit set is a brake put on.
    const tightens =
      name === 'row_security' || name.endsWith('read_only') ? isOn(value ?? 'off') : !/^(0\D*|-1|)$/.test(value ?? '')
    if (!tightens) facts.effect('conceal')
  } else if (audit.test(name)) {
    facts.effect('conceal')
    facts.trait('audit-setting')
  } else if (dangerous.has(name)) {
    facts.effect('conceal', 'execute')
  }
}

/** A startup parameter is judged as if it were `SET name = value`. */
export function settingFacts(name: string, value: string): StatementFacts {
  const facts = new FactsBuilder('SET')
  addSetting(facts, name, value)
  facts.reversible = 'yes'
  return facts.build(`SET ${name} = ${value}`)
}
