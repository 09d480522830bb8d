/**
 * rules/: rule files → compiled rule set → judgement.
 *
 * Pure but for the store, which reads and watches the files. A rule is YAML with a one-line CEL condition; what is
 * wrong with it is found when it is loaded, at its line and column, and a set with an error is refused as a whole.
 * @module
 */
export { type CompiledRules, type CompileOptions, compileRules, type RefusedRules } from './compile.ts'
export { diffRules, type RuleDifference } from './diff-rules.ts'
export { draftActors, draftOutcomes, draftRule, type RuleWish, withDraft } from './draft-rule.ts'
export type { ExceptionSummary } from './exception.ts'
export { type Explanation, explain } from './explain.ts'
export { formatRules } from './format-rules.ts'
export type { Judge, Judgement, Moment, Review, RuleMatch } from './judge.ts'
export { type Facts, factsOf } from './prefilter.ts'
export type { Dependence } from './reads.ts'
export { combineReviews, type RuleReview } from './review.ts'
export type { Rule, RuleSummary } from './rule.ts'
export { ruleContext } from './rule-context.ts'
export { type Mode, modes, ruleFileJsonSchema, type Severity, severities } from './rule-file.ts'
export { type RuleTestResult, runRuleTests } from './rule-tests.ts'
export { GitRules, type GitRulesOptions } from './store/git-rules.ts'
export { readRuleTexts } from './store/read-rule-texts.ts'
export { type RefusedSet, type RulesInForce, readyRules } from './store/ready-rules.ts'
export type { RuleReading, RuleSource } from './store/rule-source.ts'
export { openRuleStore, type RuleStore, type RuleStoreOptions } from './store.ts'
export { type RuleText, ruleSetDigest, ruleSetVersion } from './version.ts'
export type { Share, Window, WindowReader } from './windows/window.ts'
export { type Ended, sessionOf, WindowFold } from './windows/window-fold.ts'
