import { sha256Hex } from '../action/index.ts'
import type { RulesNow } from '../api/index.ts'
import type { Config } from '../config/index.ts'
import { formatDiagnostics } from '../errors/index.ts'
import type { WindowKeeper } from '../gate/index.ts'
import type { Ledger } from '../ledger/index.ts'
import { openRuleStore, type RulesInForce } from '../rules/index.ts'
import type { Log } from './log.ts'
import { record } from './record.ts'

/** Opens the rule store; every version that comes into force, and every one refused, goes on the ledger. */
export async function openRules(config: Config, ledger: Ledger, windows: WindowKeeper, log: Log) {
  const listeners = new Set<() => void>()
  let problems: string | null = null
  const digests = ({ files }: Pick<RulesInForce, 'files'>) =>
    files.map(({ file, text }) => ({ file, digest: sha256Hex(text) }))
  const loaded = (now: RulesInForce) => {
    problems = null
    record(ledger, () =>
      ledger.append('rules.loaded', { version: now.judge.version, files: digests(now), rules: now.rules.length }),
    )
    log('rules_loaded', { version: now.judge.version, rules: now.rules.length })
    for (const listener of listeners) listener()
  }
  const store = await openRuleStore({
    paths: config.rules,
    prepare: (next) => windows.prepare(next.windows),
    onChange: (now) => {
      windows.keepOnly(now.windows)
      loaded(now)
    },
    onRefused: ({ diagnostics, files }) => {
      const inForce = store.current().judge.version
      problems = formatDiagnostics(diagnostics, (file) => files.find((one) => one.file === file)?.text)
      const text = problems
      record(ledger, () => ledger.append('rules.refused', { problems: text, inForce }))
      log('rules_refused', { inForce, problems })
      for (const listener of listeners) listener()
    },
  })
  loaded(store.current())
  const now = (): RulesNow => {
    const current = store.current()
    const files = current.files.map(({ file, text }) => ({ file, digest: sha256Hex(text), text }))
    return { version: current.judge.version, files, rules: current.rules, problems }
  }
  const subscribe = (listener: () => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  return { store, now, subscribe }
}
