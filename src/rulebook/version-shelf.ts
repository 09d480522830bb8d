import { sha256Hex } from '../action/index.ts'
import { formatDiagnostics, SallyportError } from '../errors/index.ts'
import type { Ledger } from '../ledger/index.ts'
import { type RulesInForce, type RuleText, readyRules, ruleSetDigest } from '../rules/index.ts'
import type { StoredVersion, VersionBook } from './version-book.ts'

/** The texts of every version, where they stand: on the ledger. */
export class VersionShelf {
  readonly #ledger: Pick<Ledger, 'append' | 'entries'>
  readonly #book: VersionBook

  constructor(ledger: Pick<Ledger, 'append' | 'entries'>, book: VersionBook) {
    this.#ledger = ledger
    this.#book = book
  }

  /** Puts the files of a version on the ledger, durably, unless they are. */
  async keep(files: readonly RuleText[]): Promise<void> {
    const digest = ruleSetDigest(files)
    const version = digest.slice(0, 12)
    const known = this.#book.version(version)
    if (known !== undefined && known.digest !== digest) {
      throw new SallyportError('conflict', `The version ${version} is the name of other rules on the record.`, {
        hint: 'this does not happen by chance: find out who made these files; any change gives them another name',
      })
    }
    if (known !== undefined) return
    const full = files.map(({ file, text }) => ({ file, digest: sha256Hex(text), text }))
    await this.#ledger.append('rules.stored', { version, digest, files: full }).durable
  }

  /** The files of a version, as they were read. @throws SallyportError `not_found` */
  async read(version: string): Promise<StoredVersion & { readonly texts: readonly RuleText[] }> {
    const stored = this.#book.version(version)
    if (stored === undefined) throw unknownVersion(version)
    for await (const entry of this.#ledger.entries(stored.index)) {
      if (entry.kind !== 'rules.stored') break
      return { ...stored, texts: entry.body.files.map(({ file, text }) => ({ file, text })) }
    }
    throw new SallyportError('ledger_corrupt', `The files of version ${version} are not where the record had them.`, {
      hint: 'run sallyport ledger verify',
    })
  }

  /** A version made ready. @throws SallyportError `not_found`, `rules_invalid` */
  async take(version: string): Promise<RulesInForce> {
    const { texts } = await this.read(version)
    return ready(texts, `Version ${version} of the rules does not load any more`)
  }
}

/** Files that somebody sent. @throws SallyportError `invalid_request`, `rules_invalid` */
export function readyGiven(files: readonly RuleText[]): RulesInForce {
  if (files.some(({ file, text }) => !file.isWellFormed() || !text.isWellFormed())) {
    throw new SallyportError('invalid_request', 'The files are not valid Unicode.')
  }
  return ready(files, 'The rules do not load')
}

function ready(files: readonly RuleText[], refusal: string): RulesInForce {
  const compiled = readyRules(files)
  if (!('diagnostics' in compiled)) return compiled
  const { diagnostics } = compiled
  const problems = formatDiagnostics(diagnostics, (file) => files.find((one) => one.file === file)?.text)
  throw new SallyportError('rules_invalid', `${refusal}:\n${problems}`, { diagnostics })
}

function unknownVersion(version: string): SallyportError {
  return new SallyportError('not_found', `There is no version ${version} of the rules on the record.`, {
    hint: 'sallyport rules versions lists them; a version is 12 hex digits',
  })
}
