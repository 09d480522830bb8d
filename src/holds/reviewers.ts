import type { ReviewStep } from '../ledger/index.ts'
import type { Hold } from './hold.ts'
import { demandsOf } from './review.ts'

/** Whose approval a hold asks for, in words for whoever asked. */
export function reviewersOf(review: Hold['review']): string {
  const asked = demandsOf(review)
    .map((steps) => steps.map(stepWords).join(', then '))
    .join('; and ')
  return review.confirm === true ? `your confirmation, or ${asked}` : asked
}

function stepWords({ approvals, from, each }: ReviewStep): string {
  const people = approvals === 1 ? 'one reviewer' : `${approvals} reviewers`
  if (from.length === 0) return people
  return each === true ? `${people}, one from each of ${from.join(' and ')}` : `${people} from ${from.join(' or ')}`
}
