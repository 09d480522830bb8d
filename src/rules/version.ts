import { sha256Hex } from '../action/index.ts'

export interface RuleText {
  /** Where it was read from; what diagnostics name. */
  readonly file: string
  readonly text: string
}

/** Files in the order in which their rules stand: by name, code unit by code unit. */
export function inOrder(files: readonly RuleText[]): RuleText[] {
  return [...files].sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0))
}

/**
 * The digest of a rule set: SHA-256 over the canonical JSON of its files, [name, text] in order. Names are taken from
 * the folder that all files share, so that a checkout elsewhere has the same digest.
 */
export function ruleSetDigest(files: readonly RuleText[]): string {
  const ordered = inOrder(files)
  const shared = sharedFolder(ordered.map(({ file }) => file))
  // JSON.stringify of lists of strings is RFC 8785's canonical form, and total: it escapes lone surrogates.
  return sha256Hex(JSON.stringify(ordered.map(({ file, text }) => [file.slice(shared), text])))
}

/** The version of a rule set, as verdicts name it: the first 12 hex digits of its digest. */
export function ruleSetVersion(files: readonly RuleText[]): string {
  return ruleSetDigest(files).slice(0, 12)
}

/** How many characters of all names make up the folder they share, its slash included. */
function sharedFolder(names: readonly string[]): number {
  const [first = '', ...others] = names
  let shared = first.lastIndexOf('/') + 1
  for (const name of others) {
    while (shared > 0 && !name.startsWith(first.slice(0, shared))) shared = first.lastIndexOf('/', shared - 2) + 1
  }
  return shared
}
