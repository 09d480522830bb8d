import type { Entry, EntryBodies } from '../ledger/index.ts'
import type { Proposal } from './proposal.ts'

/** A version of the rules whose files stand on the ledger in full. */
export interface StoredVersion {
  readonly version: string
  readonly digest: string
  readonly files: readonly { readonly file: string; readonly digest: string }[]
  /** Place of its files on the ledger. */
  readonly index: number
  readonly at: string
  /** When it came into force last; null: it never was. */
  readonly inForceAt: string | null
  /** Who put it in force then, and why; null: nobody but the files. */
  readonly switched: { readonly by: string; readonly reason: string } | null
  /** The commit that it came from last, where files come from git. */
  readonly commit?: string
}

export const rulebookKinds = [
  'rules.stored',
  'rules.loaded',
  'rules.switched',
  'rules.proposed',
  'rules.voted',
  'rules.closed',
] as const

/** What the ledger tells of rule versions and of what was proposed. The texts stay on the ledger. */
export class VersionBook {
  readonly #versions = new Map<string, StoredVersion>()
  readonly #proposals = new Map<string, Proposal>()
  /** The version that was in force last. */
  inForce: string | undefined
  /** What somebody put in force beside the files, while it is in force. */
  switched: EntryBodies['rules.switched'] | undefined

  /** In the order in which they were stored. */
  get versions(): Iterable<StoredVersion> {
    return this.#versions.values()
  }

  /** In the order in which they were made. */
  get proposals(): Iterable<Proposal> {
    return this.#proposals.values()
  }

  version(version: string): StoredVersion | undefined {
    return this.#versions.get(version)
  }

  proposal(id: string): Proposal | undefined {
    return this.#proposals.get(id)
  }

  fold(entry: Entry): void {
    const { at } = entry
    switch (entry.kind) {
      case 'rules.stored': {
        const { version, digest, files } = entry.body
        // A name that is taken stays with the text that had it first.
        if (this.#versions.has(version)) return
        const listed = files.map((one) => ({ file: one.file, digest: one.digest }))
        this.#versions.set(version, {
          version,
          digest,
          files: listed,
          index: entry.index,
          at,
          inForceAt: null,
          switched: null,
        })
        return
      }
      case 'rules.loaded': {
        const { version, commit } = entry.body
        this.inForce = version
        if (this.switched?.version !== version) this.switched = undefined
        this.#cameInForce(version, at)
        this.#cameFrom(version, commit)
        return
      }
      case 'rules.switched':
        this.inForce = entry.body.version
        this.switched = entry.body
        // That it has been loaded is recorded behind, while people are told of the switch already.
        this.#cameInForce(entry.body.version, at)
        return
      case 'rules.proposed':
        if (!this.#proposals.has(entry.body.proposal)) {
          this.#proposals.set(entry.body.proposal, { ...entry.body, at, votes: [], state: 'open' })
        }
        this.#cameFrom(entry.body.version, entry.body.commit)
        return
      case 'rules.voted': {
        const { proposal, by, decision, reason } = entry.body
        this.#change(proposal, ({ votes }) => ({ votes: [...votes, { by, decision, reason, at }] }))
        return
      }
      case 'rules.closed':
        this.#change(entry.body.proposal, () => ({ state: entry.body.as }))
        return
      default:
    }
  }

  #cameInForce(version: string, at: string): void {
    const stored = this.#versions.get(version)
    if (stored === undefined) return
    const switched = this.switched === undefined ? null : { by: this.switched.by, reason: this.switched.reason }
    this.#versions.set(version, { ...stored, inForceAt: at, switched })
  }

  #cameFrom(version: string, commit: string | undefined): void {
    const stored = this.#versions.get(version)
    if (stored !== undefined && commit !== undefined) this.#versions.set(version, { ...stored, commit })
  }

  #change(id: string, change: (before: Proposal) => Partial<Proposal>): void {
    const before = this.#proposals.get(id)
    if (before !== undefined && before.state === 'open') this.#proposals.set(id, { ...before, ...change(before) })
  }
}
