/**
 * Passkeys: who has which, and what they say yes to with one.
 *
 * `passkeys.ts` is all that others need; `tap.ts` is what a tap signs and how the record proves it afterwards.
 * @module
 */
export { addition, type PasskeyOptions, Passkeys, removal, type TapAnswer } from './passkeys.ts'
export { type PasskeySite, passkeySite } from './site.ts'
export { checkTap, type Passkey, type Statement, voteStatement } from './tap.ts'
export { type CheckedApproval, verifyApprovals } from './verify-approvals.ts'
