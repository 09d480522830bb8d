import { type Eligibility, type Reviewer, reviewsAt } from '../holds/index.ts'
import { type Change, type ChangeState, stateAt } from './change.ts'

const yes: Eligibility = { allowed: true, reason: null }
const no = (reason: string): Eligibility => ({ allowed: false, reason })

/**
 * Whether somebody may approve or reject a change. More people than are needed may approve, as long as it is not over:
 * a rule may ask for more of a single statement.
 * @param isRequester whether somebody is the one who set the run off, under whatever name, or answers for them
 */
export function mayDecide(
  change: Change,
  reviewer: Reviewer,
  isRequester: (id: string) => boolean,
  now: number,
  decision: 'approve' | 'reject',
): Eligibility {
  const state: ChangeState = stateAt(change, now)
  if (state !== 'pending' && state !== 'approved') return no(`The change is ${state} already.`)
  if (reviewer.kind !== 'human') return no('Only people can decide: a service or agent never approves.')
  if (isRequester(reviewer.id)) return no('Nobody decides on a run that they set off: ask somebody else to look at it.')
  if (!reviewer.isReviewer) return no('Your role does not include reviewing.')
  if (!reviewsAt(reviewer, change.door)) return no(`You review at other doors: ${reviewer.doors?.join(', ')}.`)
  if (decision === 'reject') return yes
  if (change.approvals.some(({ by }) => by === reviewer.id)) return no('You have approved this change already.')
  const { from } = change.review
  if (from.length === 0 || from.some((group) => reviewer.groups.includes(group))) return yes
  return no(`A change asks for somebody from ${from.join(' or ')}.`)
}
