/**
 * gate/: the one path every action goes. Record the intent, judge, record the verdict, hold if need be, record the
 * outcome. The only caller of rules, ledger and holds on behalf of actions.
 * @module
 */

export { Backtest, type BacktestLine, type BacktestReport } from './backtest.ts'
export { Canary, type CanaryDifference, type CanaryReport } from './canary.ts'
export type { ChangeRun, ChangeUse, FinalUse } from './change-run.ts'
export type { JudgedExample } from './example.ts'
export type { Decision, End, Gate, HeldRows, Measured, Refusal, RefusalCode, Unit, Words } from './gate.ts'
export { type GateOptions, LedgerGate } from './ledger-gate.ts'
export { settleUnfinished } from './recover.ts'
export { type Verdict, verdictOf } from './verdict.ts'
export { WindowKeeper, type WindowKeeperOptions } from './window-keeper.ts'
export { holdLink, unrecordedRefusal } from './words.ts'
