import { randomBytes } from 'node:crypto'
import { SallyportError } from '../errors/index.ts'
import type { EntryBodies, EntryKind, Ledger } from '../ledger/index.ts'
import { type RulesInForce, ruleSetDigest } from '../rules/index.ts'
import { isAccepted, type Proposal, type RuleParties, type RulesReview, whyNotVote } from './proposal.ts'
import type { VersionBook } from './version-book.ts'

export interface ProposalDeskOptions extends RuleParties {
  readonly ledger: Pick<Ledger, 'append'>
  /** Who has to accept a change; not given: nobody, and what is left over from before takes any one reviewer. */
  readonly review?: RulesReview
  readonly log?: (event: string, details: Record<string, unknown>) => void
}

/** Ended proposals that are listed, newest first. */
const endedListed = 50

/** Where changes of the rules wait for others, and where votes on them are counted. Puts nothing in force itself. */
export class ProposalDesk {
  readonly #options: ProposalDeskOptions
  readonly #book: VersionBook
  readonly #review: RulesReview

  constructor(options: ProposalDeskOptions, book: VersionBook) {
    this.#options = options
    this.#book = book
    this.#review = options.review ?? { approvals: 1, groups: [] }
  }

  /** Those that are open, and the last that were; newest first. */
  list(): Proposal[] {
    const all = [...this.#book.proposals].reverse()
    const ended = all.filter(({ state }) => state !== 'open').slice(0, endedListed)
    return all.filter((one) => one.state === 'open' || ended.includes(one))
  }

  /** Why somebody may not vote on a proposal; undefined: they may. */
  whyNotVote(proposal: Proposal, by: string): string | undefined {
    return whyNotVote(proposal, by, this.#review, this.#options)
  }

  /**
   * Puts a vote on the record; one no ends the proposal.
   * @returns the proposal after it, and whether enough people have accepted it now
   * @throws SallyportError `not_found`, `forbidden`, `conflict`, `ledger_unavailable`
   */
  async vote(
    id: string,
    by: string,
    decision: 'accept' | 'reject',
    reason: string,
  ): Promise<{ readonly proposal: Proposal; readonly accepted: boolean }> {
    const proposal = this.#book.proposal(id)
    if (proposal === undefined) throw new SallyportError('not_found', `There is no proposal ${id}.`)
    if (proposal.state !== 'open') throw new SallyportError('conflict', `The proposal is ${proposal.state} already.`)
    const why = this.whyNotVote(proposal, by)
    if (why !== undefined) throw new SallyportError('forbidden', why)
    await this.#record('rules.voted', { proposal: id, by, decision, reason })
    if (decision === 'reject') await this.#record('rules.closed', { proposal: id, as: 'rejected' })
    const voted = this.#book.proposal(id) ?? proposal
    return { proposal: voted, accepted: this.#isAccepted(voted) }
  }

  /** Open ones that enough people have accepted: the last vote may have been the last on the record before a stop. */
  accepted(): Proposal[] {
    return [...this.#book.proposals].filter((proposal) => this.#isAccepted(proposal))
  }

  /** Puts an accepted proposal on the record as what is in force from now on. */
  async settle({ proposal, version, votes, reason }: Proposal, from: string, files: string): Promise<void> {
    const by = votes.map((vote) => vote.by).join(', ')
    const switched = this.#record('rules.switched', { version, from, files, by, reason })
    await Promise.all([switched, this.#record('rules.closed', { proposal, as: 'accepted' })])
  }

  /** @returns the id of the proposal */
  async propose(
    { judge: { version }, files, commit }: RulesInForce,
    origin: Proposal['origin'],
    by: string | null,
    reason: string,
  ): Promise<string> {
    const proposal = randomBytes(6).toString('hex')
    const from = commit === undefined ? {} : { commit }
    const digest = ruleSetDigest(files)
    await this.#record('rules.proposed', { proposal, version, digest, origin, by, reason, ...from })
    this.#options.log?.('rules_proposed', { proposal, version, origin, by })
    return proposal
  }

  /** Proposes files that were read in the place of those proposed before, unless they are the same. */
  async proposeFiles(read: RulesInForce, isStart: boolean): Promise<void> {
    const { version } = read.judge
    const ofFiles = [...this.#book.proposals].filter(({ origin }) => origin === 'files')
    if (ofFiles.some((one) => one.state === 'open' && one.version === version)) return
    await this.supersede()
    // At a start nothing has changed since somebody said no.
    if (isStart && ofFiles.at(-1)?.version === version && ofFiles.at(-1)?.state === 'rejected') return
    await this.propose(read, 'files', null, '')
  }

  /** The files are others now than those that were proposed. */
  async supersede(): Promise<void> {
    for (const { proposal, origin, state } of this.#book.proposals) {
      if (origin === 'files' && state === 'open') await this.#record('rules.closed', { proposal, as: 'superseded' })
    }
  }

  #isAccepted(proposal: Proposal): boolean {
    return proposal.state === 'open' && isAccepted(proposal, this.#review, this.#options)
  }

  async #record<K extends EntryKind>(kind: K, body: EntryBodies[K]): Promise<void> {
    await this.#options.ledger.append(kind, body).durable
  }
}
