import { join } from 'node:path'
import { sha256Hex } from '../action/index.ts'
import type { RulesNow } from '../api/index.ts'
import type { Config } from '../config/index.ts'
import { Canary, type WindowKeeper } from '../gate/index.ts'
import type { Ledger } from '../ledger/index.ts'
import { Rulebook, type RulebookOptions } from '../rulebook/index.ts'
import { GitRules, type RuleSource, type Window } from '../rules/index.ts'
import type { Log } from './log.ts'

type Parties = Pick<RulebookOptions, 'reviewer' | 'isPerson'>

/** The rules in force, and others that are tried beside them. Both keep the windows they need. */
export async function openRules(config: Config, ledger: Ledger, windows: WindowKeeper, parties: Parties, log: Log) {
  /** Of the rules that came into force last, or are about to. */
  let wanted: readonly Window[] = []
  const canary = new Canary({
    ledger,
    prepare: (more) => windows.prepare(more),
    onEnd: () => windows.keepOnly([...rulebook.status().inForce.windows, ...wanted]),
  })
  const { approvals, groups } = config.rulesReview
  const rulebook = await Rulebook.open({
    ledger,
    paths: config.rules,
    ...(await gitSource(config)),
    prepare: (next) => {
      wanted = next.windows
      return windows.prepare(next.windows)
    },
    onInForce: (now) => windows.keepOnly([...now.windows, ...canary.windows]),
    ...parties,
    ...(approvals === 0 ? {} : { review: { approvals, groups } }),
    log,
  })
  const close = async () => {
    await rulebook.close()
    canary.close()
  }
  return { rulebook, canary, close }
}

/** Rules from git, where the configuration says so. */
async function gitSource({ rulesGit, data }: Config): Promise<{ source?: RuleSource; rescan?: number }> {
  if (rulesGit === undefined) return {}
  const { url, branch, folder = '', every } = rulesGit
  const source = await GitRules.open({ url, branch, folder, mirror: join(data, 'rules.git') })
  return { source, rescan: every }
}

/** What the API tells of the rules. */
export function rulesNow(rulebook: Rulebook): RulesNow {
  const { inForce, problems } = rulebook.status()
  const files = inForce.files.map(({ file, text }) => ({ file, digest: sha256Hex(text), text }))
  return { version: inForce.judge.version, files, rules: inForce.rules, problems }
}
