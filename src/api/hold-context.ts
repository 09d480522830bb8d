import type { Hold, Holds } from '../holds/index.ts'
import type { ActionRecord, ActionSearch } from '../search/index.ts'

/** Actions shown for whoever asks. */
const actionsShown = 8
/** Earlier holds shown. */
const holdsShown = 8

/** An earlier hold, as far as it helps to decide on a later one. */
export interface EarlierHold {
  readonly hold: string
  readonly state: Hold['state']
  readonly openedAt: string
  readonly requester: { readonly id: string; readonly name: string }
  readonly rule: string
  /** The statement's operation, such as DELETE. */
  readonly operation: string
  /** The very same statement with the same parameters. */
  readonly same: boolean
  /** Who decided and why; undecided: null. */
  readonly decided: { readonly by: string; readonly reason: string } | null
}

/** What a reviewer wants to know beside the hold itself. */
export interface HoldContext {
  /** What the same actor did last before this, newest first. */
  readonly actions: readonly ActionRecord[]
  /** Earlier holds of the same statement or the same requester, newest first. */
  readonly holds: readonly EarlierHold[]
  /** How the requester's earlier holds ended. */
  readonly ended: { readonly released: number; readonly rejected: number; readonly other: number }
}

export async function holdContext(hold: Hold, holds: Holds, search: ActionSearch): Promise<HoldContext> {
  const own = new Set(hold.actions.map(({ id }) => id))
  const actor = hold.actions[0]?.actor.id ?? hold.requester.id
  const before = await search.find(
    { actor: [actor], door: [hold.door], until: justAfter(hold.openedAt) },
    { limit: actionsShown + own.size },
  )
  const actions = before
    .filter(({ action }) => action.actor.id === actor && action.at <= hold.openedAt && !own.has(action.id))
    .slice(0, actionsShown)
  const text = statementOf(hold)
  const earlier = holds.list().filter((other) => other.hold !== hold.hold && other.openedAt <= hold.openedAt)
  const ofRequester = earlier.filter((other) => other.requester.id === hold.requester.id)
  const isSame = (other: Hold) => other.door === hold.door && statementOf(other) === text
  return {
    actions,
    holds: earlier
      .filter((other) => other.requester.id === hold.requester.id || isSame(other))
      .slice(0, holdsShown)
      .map((other) => brief(other, isSame(other))),
    ended: {
      released: ofRequester.filter(({ state }) => state === 'released').length,
      rejected: ofRequester.filter(({ state }) => state === 'rejected').length,
      other: ofRequester.filter(({ state }) => state === 'expired' || state === 'withdrawn').length,
    },
  }
}

/** The end of a time span is not in it, and the clock of the ledger has milliseconds. */
function justAfter(time: string): string {
  return new Date(Date.parse(time) + 1).toISOString()
}

function brief(hold: Hold, same: boolean): EarlierHold {
  const { hold: id, state, openedAt, requester, rule, actions, votes } = hold
  const vote = votes.at(-1)
  return {
    hold: id,
    state,
    openedAt,
    requester: { id: requester.id, name: requester.name },
    rule: rule.id,
    operation: actions[0]?.operation ?? '',
    same,
    decided: vote === undefined ? null : { by: vote.by, reason: vote.reason },
  }
}

/** What two holds of the same action have in common. The digest does not serve: who asks goes into it. */
function statementOf({ actions }: Hold): string {
  return JSON.stringify(actions.map(({ request: { statement, parameters } }) => [statement, parameters]))
}
