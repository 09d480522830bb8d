/**
 * The console writes down for itself what the API answers (console/src/api/types.ts); `npm run types` fails here when
 * the two drift apart. Nothing in this file runs.
 */
import type { z } from '@hono/zod-openapi'
import type * as toldOfChanges from '../console/src/api/change-types.ts'
import type * as toldOfLocks from '../console/src/api/lock-types.ts'
import type * as toldPeople from '../console/src/api/people-types.ts'
import type * as toldOfRules from '../console/src/api/rule-types.ts'
import type * as toldOfSettings from '../console/src/api/settings-types.ts'
import type * as told from '../console/src/api/types.ts'
import type * as changeApi from '../src/api/change-schemas.ts'
import type * as notifyApi from '../src/api/notify-schemas.ts'
import type * as peopleApi from '../src/api/people-schemas.ts'
import type * as ruleApi from '../src/api/rule-schemas.ts'
import type * as api from '../src/api/schemas.ts'

/** Without `readonly`, and `a?: T` the same as `a?: T | undefined`; facts of a protocol are JSON of any shape. */
type Plain<T> = unknown extends T
  ? told.Json
  : T extends readonly (infer Item)[]
    ? Plain<Item>[]
    : T extends object
      ? { -readonly [Key in keyof T]: Key extends 'request' ? told.Json : Plain<Exclude<T[Key], Missing<T, Key>>> }
      : T

/** `undefined` where a member may be left out, which says the same. */
type Missing<T, Key extends keyof T> = Record<never, never> extends Pick<T, Key> ? undefined : never

/** Same as the compiler sees it: assignable both ways lets optional members slip. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

type Agrees<Told, Schema extends z.ZodType> = Same<Plain<Told>, Plain<z.output<Schema>>>

/** Every answer the console reads, one line each. */
export const agreed: readonly [
  hold: Agrees<told.HoldView, typeof api.holdSchema>,
  holds: Agrees<told.HoldList, typeof api.holdsSchema>,
  context: Agrees<told.HoldContext, typeof api.holdContextSchema>,
  me: Agrees<told.Me, typeof peopleApi.meSchema>,
  person: Agrees<toldPeople.PersonView, typeof peopleApi.personDetailsSchema>,
  personInput: Agrees<toldPeople.PersonInput, typeof peopleApi.personInputSchema>,
  signedIn: Agrees<toldPeople.SignedIn, typeof peopleApi.signedInSchema>,
  passwordLink: Agrees<toldPeople.PasswordLink, typeof peopleApi.passwordLinkSchema>,
  issuedToken: Agrees<toldPeople.IssuedToken, typeof peopleApi.tokenSchema>,
  action: Agrees<told.ActionRecord, typeof api.actionRecordSchema>,
  counts: Agrees<told.ActionCounts, typeof api.countsSchema>,
  actions: Agrees<told.ActionPage, typeof api.actionPageSchema>,
  door: Agrees<told.DoorView, typeof api.doorSchema>,
  session: Agrees<told.SessionView, typeof api.sessionSchema>,
  verification: Agrees<told.Verification, typeof api.verificationSchema>,
  ledgerHead: Agrees<told.LedgerHead, typeof api.ledgerHeadSchema>,
  rules: Agrees<toldOfRules.RulesView, typeof ruleApi.rulesSchema>,
  ruleFiles: Agrees<toldOfRules.RuleFiles, typeof ruleApi.ruleFilesSchema>,
  ruleCheck: Agrees<toldOfRules.RuleCheck, typeof ruleApi.ruleCheckSchema>,
  ruleVersions: Agrees<toldOfRules.RuleVersions, typeof ruleApi.ruleVersionsSchema>,
  ruleVersionFiles: Agrees<toldOfRules.RuleVersionFiles, typeof ruleApi.ruleVersionFilesSchema>,
  ruleChange: Agrees<toldOfRules.RuleChange, typeof ruleApi.ruleChangeSchema>,
  ruleProposal: Agrees<toldOfRules.RuleProposal, typeof ruleApi.ruleProposalSchema>,
  ruleProposals: Agrees<toldOfRules.RuleProposals, typeof ruleApi.ruleProposalsSchema>,
  canary: Agrees<toldOfRules.CanaryReport, typeof ruleApi.canaryReportSchema>,
  ledger: Agrees<told.LedgerView, typeof api.ledgerSchema>,
  lock: Agrees<toldOfLocks.LockView, typeof api.lockSchema>,
  change: Agrees<toldOfChanges.ChangeView, typeof changeApi.changeSchema>,
  channel: Agrees<toldOfSettings.NotifyChannel, typeof notifyApi.channelSchema>,
  notifyTest: Agrees<toldOfSettings.NotifyTest, typeof notifyApi.notifyTestSchema>,
] = [
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
]
