/**
 * rulebook/: which rules are in force, which ever were, and who said so.
 *
 * Files are the ordinary way (rules/store.ts); this room puts every version on the ledger in full before anything is
 * judged by it, goes back to one, takes one over the API, and asks a second person where that is wanted. Folded from
 * the ledger: a restart changes none of it.
 * @module
 */
export type { Proposal, ProposalVote, RulesReview } from './proposal.ts'
export { Rulebook, type RulebookOptions, type RuleStatus } from './rulebook.ts'
export type { StoredVersion } from './version-book.ts'
