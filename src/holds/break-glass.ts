import { SallyportError } from '../errors/index.ts'
import type { HoldOpened, Ledger, SignedTap } from '../ledger/index.ts'
import type { Eligibility, Reviewer } from './eligibility.ts'
import { type Hold, needsFollowUp } from './hold.ts'
import { demandTap, type TapRules } from './tap-rules.ts'

export interface BreakGlassOptions {
  readonly ledger: Ledger
  readonly holds: { find(id: string): Promise<Hold | undefined>; list(): Hold[] }
  readonly reviewer: (id: string) => Reviewer | undefined
  readonly isRequester: (id: string, requester: HoldOpened['requester']) => boolean
  /** Whose people may; none: nobody. */
  readonly groups: readonly string[]
  readonly now?: () => number
  /** Where yes is said with passkeys too; left out: nowhere. */
  readonly passkeys?: TapRules
}

/** Whether somebody is a person in one of the groups. */
export function isInGroup(reviewer: Reviewer | undefined, groups: readonly string[]): boolean {
  return reviewer?.kind === 'human' && reviewer.groups.some((group) => groups.includes(group))
}

/**
 * What to do when nobody can review and it cannot wait: somebody of a group made for it lets one hold pass, with a
 * reason, also when it is their own. It is used like an approval: once, for those bytes, as long as an approval lasts.
 * Somebody else has to look at it afterwards, and it stays on the list until they have.
 */
export class BreakGlass {
  readonly #options: BreakGlassOptions

  constructor(options: BreakGlassOptions) {
    this.#options = options
  }

  /** Holds that were forced and that nobody has looked at since, newest first. */
  followUps(): Hold[] {
    return this.#options.holds.list().filter(needsFollowUp)
  }

  mayForce(hold: Hold, by: string): Eligibility {
    const { reviewer, groups, now } = this.#options
    if (hold.state !== 'pending') return { allowed: false, reason: `The hold is ${hold.state} already.` }
    if (new Date(now?.() ?? Date.now()).toISOString() > hold.expiresAt) {
      return { allowed: false, reason: 'The hold has expired.' }
    }
    if (isInGroup(reviewer(by), groups)) return { allowed: true, reason: null }
    const whose = groups.length === 0 ? 'nobody: breakGlass is not configured' : `people of ${groups.join(' or ')}`
    return { allowed: false, reason: `Breaking the glass is for ${whose}.` }
  }

  /** @throws SallyportError `not_found`, `forbidden`, `conflict`, `invalid_request`, `ledger_unavailable` */
  async force(id: string, by: string, reason: string, tap?: SignedTap): Promise<Hold> {
    const hold = await this.#require(id)
    const { allowed, reason: why } = this.mayForce(hold, by)
    if (!allowed) throw new SallyportError(hold.state === 'pending' ? 'forbidden' : 'conflict', why)
    if (reason.trim() === '') {
      throw new SallyportError('invalid_request', 'Breaking the glass needs a reason.', {
        hint: 'say what the emergency is: everybody concerned will read it',
      })
    }
    demandTap(this.#options.passkeys, by, 'force', hold, tap)
    const body = { hold: id, by, reason, ...(tap === undefined ? {} : { tap }) }
    await this.#options.ledger.append('hold.forced', body).durable
    const after = await this.#require(id)
    if (after.forced?.by !== by) throw new SallyportError('conflict', `The hold was ${after.state} before that.`)
    return after
  }

  /**
   * Says that somebody has looked at what was forced.
   * @throws SallyportError `not_found`, `forbidden`, `conflict`, `ledger_unavailable`
   */
  async followUp(id: string, by: string, note: string): Promise<Hold> {
    const hold = await this.#require(id)
    const { allowed, reason } = this.mayFollowUp(hold, by)
    if (!allowed) throw new SallyportError(needsFollowUp(hold) ? 'forbidden' : 'conflict', reason)
    await this.#options.ledger.append('hold.reviewed', { hold: id, by, note }).durable
    return this.#require(id)
  }

  /** Whether somebody may say that they have looked at what was forced. */
  mayFollowUp(hold: Hold, by: string): Eligibility {
    const { reviewer, isRequester } = this.#options
    if (!needsFollowUp(hold)) return { allowed: false, reason: 'There is nothing to look at afterwards.' }
    const known = reviewer(by)
    const isInvolved = by === hold.forced?.by || isRequester(by, hold.requester)
    if (!isInvolved && known?.kind === 'human' && known.isReviewer) return { allowed: true, reason: null }
    return { allowed: false, reason: 'A reviewer has to look at it who neither asked for it nor forced it.' }
  }

  async #require(id: string): Promise<Hold> {
    const hold = await this.#options.holds.find(id)
    if (hold === undefined) throw new SallyportError('not_found', `There is no hold ${id}.`)
    return hold
  }
}
