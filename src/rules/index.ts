/**
 * rules/: rule files → compiled rule set → judgement.
 * @module
 */
export type { Judge, Judgement, Review, RuleMatch } from './judge.ts'
