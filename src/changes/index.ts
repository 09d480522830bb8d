/**
 * changes/: deployments that were approved beforehand. CI opens a change with the statements it will run; somebody
 * approves it once; the session that shows its secret runs exactly these, once, in their order.
 *
 * Folded from the ledger. That a statement is used stands there before it becomes final; that it was taken back, after.
 * @module
 */
export { type Change, type ChangeApproval, type ChangeState, identityLine, stateAt } from './change.ts'
export { type ChangeListener, type ChangeRequest, Changes, type ChangesOptions } from './changes.ts'
export { foldChange } from './fold.ts'
export { ChangeRun, type ChangeUse, type FinalUse } from './run.ts'
export { Issuers, type IssuersOptions, type TrustedIssuer } from './workload/issuers.ts'
