import { sha256Hex } from '../action/index.ts'
import { formatDiagnostics, SallyportError } from '../errors/index.ts'
import { type EntryBodies, type EntryKind, follow, type Ledger } from '../ledger/index.ts'
import {
  openRuleStore,
  type RefusedSet,
  type RuleStore,
  type RuleStoreOptions,
  type RulesInForce,
  type RuleText,
} from '../rules/index.ts'
import type { Proposal, RulesReview } from './proposal.ts'
import { ProposalDesk, type ProposalDeskOptions } from './proposal-desk.ts'
import { rulebookKinds, type StoredVersion, VersionBook } from './version-book.ts'
import { readyGiven, VersionShelf } from './version-shelf.ts'

export interface RulebookOptions
  extends Omit<ProposalDeskOptions, 'ledger'>,
    Pick<RuleStoreOptions, 'paths' | 'source' | 'debounce' | 'rescan'> {
  readonly ledger: Pick<Ledger, 'append' | 'entries' | 'subscribe' | 'state'>
  /** What has to be ready before rules come into force, and what follows when they are. */
  readonly prepare?: (next: RulesInForce) => Promise<void>
  readonly onInForce?: (now: RulesInForce) => void
}

/** Whether rules are in force now, or wait for somebody to accept them. */
export type Change =
  | { readonly state: 'in-force'; readonly version: string }
  | { readonly state: 'proposed'; readonly version: string; readonly proposal: string }

/** The rules in force, and what is to know of them. */
export interface RuleStatus {
  readonly inForce: RulesInForce
  /** The version of the files, where it is another. */
  readonly files: string
  /** Why the newest files are not in force; null where nothing is wrong with them. */
  readonly problems: string | null
}

export class Rulebook {
  readonly #options: RulebookOptions
  readonly #book = new VersionBook()
  readonly #shelf: VersionShelf
  readonly #desk: ProposalDesk
  readonly #listeners = new Set<() => void>()
  #store: RuleStore | undefined
  #unsubscribe: () => void = () => undefined
  #problems: string | null = null
  /** Changes by people go one after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(options: RulebookOptions) {
    this.#options = options
    this.#shelf = new VersionShelf(options.ledger, this.#book)
    this.#desk = new ProposalDesk(options, this.#book)
  }

  /**
   * Folds the ledger, reads the files, and puts in force what has to be: the files, or what somebody put in their place.
   * @throws SallyportError `rules_invalid`, `ledger_unavailable`
   */
  static async open(options: RulebookOptions): Promise<Rulebook> {
    const rulebook = new Rulebook(options)
    await rulebook.#open()
    return rulebook
  }

  async #open(): Promise<void> {
    const { ledger, paths, source, debounce, rescan, prepare } = this.#options
    this.#unsubscribe = await follow(ledger, rulebookKinds, (entry) => this.#book.fold(entry))
    this.#store = await openRuleStore({
      paths,
      ...(source === undefined ? {} : { source }),
      ...(debounce === undefined ? {} : { debounce }),
      ...(rescan === undefined ? {} : { rescan }),
      admit: (read, inForce) => this.#admit(read, inForce),
      prepare: async (next) => {
        await this.#shelf.keep(next.files)
        await prepare?.(next)
      },
      onChange: (now) => this.#isInForce(now),
      onMended: () => this.#mended(),
      onRefused: (refused) => this.#refused(refused),
    }).catch((error: unknown) => {
      this.#unsubscribe()
      throw error
    })
    this.#isInForce(this.#store.current())
  }

  async close(): Promise<void> {
    await this.#store?.close()
    this.#unsubscribe()
  }

  get store(): RuleStore {
    if (this.#store === undefined) throw new SallyportError('unsupported', 'The rules have not been read yet.')
    return this.#store
  }

  status(): RuleStatus {
    return { inForce: this.store.current(), files: this.store.filesVersion, problems: this.#problems }
  }

  /** Calls the listener whenever something about the rules has changed. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Every version on the ledger, newest first. */
  versions(): StoredVersion[] {
    return [...this.#book.versions].reverse()
  }

  /** The files of a version, as they were read. @throws SallyportError `not_found` */
  read(version: string): Promise<StoredVersion & { readonly texts: readonly RuleText[] }> {
    return this.#shelf.read(version)
  }

  /** Who has to accept a change; undefined: nobody. */
  get review(): RulesReview | undefined {
    return this.#options.review
  }

  /** Why somebody may not vote on a proposal; undefined: they may. */
  whyNotVote(proposal: Proposal, by: string): string | undefined {
    return this.#desk.whyNotVote(proposal, by)
  }

  /** Those that are open, and the last that were; newest first. */
  proposals(): Proposal[] {
    return this.#desk.list()
  }

  /**
   * Takes a version that does not come from the files.
   * @throws SallyportError `rules_invalid` with every error in it, `conflict`, `ledger_unavailable`
   */
  load(files: readonly RuleText[], by: string, reason: string): Promise<Change> {
    return this.#inTurn(async () => this.#put(readyGiven(files), 'load', by, reason))
  }

  /**
   * Makes files ready to be tried beside the rules in force, and puts them on the record.
   * @throws SallyportError `rules_invalid`, `invalid_request`, `ledger_unavailable`
   */
  async candidate(files: readonly RuleText[]): Promise<RulesInForce> {
    const candidate = readyGiven(files)
    await this.#shelf.keep(files)
    return candidate
  }

  /**
   * Goes back, or forward, to a version that is on the ledger.
   * @throws SallyportError `not_found`, `rules_invalid` where this Sallyport cannot load it any more, `conflict`
   */
  rollback(version: string, by: string, reason: string): Promise<Change> {
    return this.#inTurn(async () => this.#put(await this.#shelf.take(version), 'rollback', by, reason))
  }

  /** @throws SallyportError `not_found`, `forbidden`, `conflict`, `ledger_unavailable` */
  vote(id: string, by: string, decision: 'accept' | 'reject', reason: string): Promise<Proposal> {
    return this.#inTurn(async () => {
      const { proposal, accepted } = await this.#desk.vote(id, by, decision, reason)
      if (accepted) await this.#accept(proposal)
      this.#tell()
      return this.#book.proposal(id) ?? proposal
    })
  }

  async #accept(proposal: Proposal): Promise<void> {
    const next = await this.#shelf.take(proposal.version)
    await this.store.replace(next, () =>
      this.#desk.settle(proposal, this.store.current().judge.version, this.store.filesVersion),
    )
  }

  async #put(next: RulesInForce, origin: 'load' | 'rollback', by: string, reason: string): Promise<Change> {
    const { version } = next.judge
    const from = this.store.current().judge.version
    if (version === from) throw new SallyportError('conflict', `Version ${version} is in force already.`)
    if (this.#options.review !== undefined) {
      await this.#shelf.keep(next.files)
      const proposal = await this.#desk.propose(next, origin, by, reason)
      this.#tell()
      return { state: 'proposed', version, proposal }
    }
    const files = this.store.filesVersion
    await this.store.replace(next, () => this.#record('rules.switched', { version, from, files, by, reason }))
    return { state: 'in-force', version }
  }

  /** What is to be in force now that the files were read. */
  async #admit(read: RulesInForce, inForce: RulesInForce | undefined): Promise<RulesInForce | undefined> {
    const { version } = read.judge
    await this.#shelf.keep(read.files)
    if (inForce === undefined) {
      await this.#finishAccepted(version)
      const { switched } = this.#book
      if (switched !== undefined && switched.files === version) return this.#shelf.take(switched.version)
    }
    const before = inForce?.judge.version ?? this.#book.inForce
    // Of what was in force before versions were kept only the name is known.
    const isKnown = before !== undefined && (inForce !== undefined || this.#book.version(before) !== undefined)
    if (this.#options.review === undefined || version === before || !isKnown) {
      await this.#desk.supersede()
      this.#tell()
      return read
    }
    await this.#desk.proposeFiles(read, this.#store === undefined)
    this.#tell()
    return inForce ?? this.#shelf.take(before)
  }

  async #finishAccepted(files: string): Promise<void> {
    if (this.#options.review === undefined) return
    for (const proposal of this.#desk.accepted()) await this.#desk.settle(proposal, this.#book.inForce ?? '', files)
  }

  #isInForce(now: RulesInForce): void {
    const { commit, judge } = now
    const { version } = judge
    this.#problems = null
    this.#options.onInForce?.(now)
    const files = now.files.map(({ file, text }) => ({ file, digest: sha256Hex(text) }))
    this.#note('rules.loaded', { version, files, rules: now.rules.length, ...(commit === undefined ? {} : { commit }) })
    this.#options.log?.('rules_loaded', { version, rules: now.rules.length })
    this.#tell()
  }

  #mended(): void {
    this.#problems = null
    this.#tell()
  }

  #refused({ diagnostics, files }: RefusedSet): void {
    const inForce = this.#store?.current().judge.version ?? this.#book.inForce ?? ''
    const problems = formatDiagnostics(diagnostics, (file) => files.find((one) => one.file === file)?.text)
    this.#problems = problems
    this.#note('rules.refused', { problems, inForce })
    this.#options.log?.('rules_refused', { inForce, problems })
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }

  /** For what has happened anyway: rules change also while the ledger cannot be written (and nothing passes). */
  #note<K extends EntryKind>(kind: K, body: EntryBodies[K]): void {
    const { ledger } = this.#options
    if (ledger.state === 'open') ledger.append(kind, body)
  }

  async #record<K extends EntryKind>(kind: K, body: EntryBodies[K]): Promise<void> {
    await this.#options.ledger.append(kind, body).durable
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => undefined)
    return result
  }
}
