import type { Action, Outcome } from '../action/index.ts'
import type { Entry, Settlement } from '../ledger/index.ts'
import type { ActionContext, Exported } from './export-entries.ts'
import {
  accountOf,
  actorOf,
  databaseOf,
  endpointOf,
  type Part,
  personPart,
  resourcesOf,
  systemActor,
} from './ocsf-parts.ts'

/** The version of the schema that events are made for (https://schema.ocsf.io/1.8.0). */
export const ocsfVersion = '1.8.0'

const classes = {
  2004: { class_name: 'Detection Finding', category_uid: 2, category_name: 'Findings' },
  3001: { class_name: 'Account Change', category_uid: 3, category_name: 'Identity & Access Management' },
  6003: { class_name: 'API Activity', category_uid: 6, category_name: 'Application Activity' },
  6005: { class_name: 'Datastore Activity', category_uid: 6, category_name: 'Application Activity' },
} as const
type ClassUid = keyof typeof classes

/** disposition_id of the profile security_control, and the action_id that goes with it. */
const dispositions = {
  unknown: { disposition_id: 0, disposition: 'Unknown', action_id: 0, action: 'Unknown' },
  allowed: { disposition_id: 1, disposition: 'Allowed', action_id: 1, action: 'Allowed' },
  blocked: { disposition_id: 2, disposition: 'Blocked', action_id: 2, action: 'Denied' },
  approved: { disposition_id: 8, disposition: 'Approved', action_id: 1, action: 'Allowed' },
  delayed: { disposition_id: 14, disposition: 'Delayed', action_id: 99, action: 'Held' },
  noAction: { disposition_id: 16, disposition: 'No Action', action_id: 2, action: 'Denied' },
  logged: { disposition_id: 17, disposition: 'Logged', action_id: 3, action: 'Observed' },
  tagged: { disposition_id: 18, disposition: 'Tagged', action_id: 3, action: 'Observed' },
  rejected: { disposition_id: 25, disposition: 'Rejected', action_id: 2, action: 'Denied' },
} as const
type Disposition = (typeof dispositions)[keyof typeof dispositions]

const statuses = {
  unknown: { status_id: 0, status: 'Unknown' },
  success: { status_id: 1, status: 'Success' },
  failure: { status_id: 2, status: 'Failure' },
} as const

const severities = {
  informational: { severity_id: 1, severity: 'Informational' },
  medium: { severity_id: 3, severity: 'Medium' },
  high: { severity_id: 4, severity: 'High' },
} as const

interface Activity {
  readonly activity_id: number
  readonly activity_name: string
}

/** One entry as one OCSF event; `metadata.sequence` is its index, `metadata.correlation_uid` its action or hold. */
export function ocsfEvent({ entry, action: context }: Exported, productVersion: string): object {
  switch (entry.kind) {
    case 'action.requested':
    case 'action.judged':
    case 'action.released':
    case 'action.settled':
      if (context === null) return ofSystem(entry, productVersion)
      return event(6005, entry, productVersion, context.action.id, ofAction(entry, context))
    case 'hold.opened':
    case 'hold.closed':
    case 'hold.released':
      return event(2004, entry, productVersion, entry.body.hold, ofHold(entry, context))
    case 'hold.voted': {
      const { by, decision, reason, hold } = entry.body
      return event(6003, entry, productVersion, hold, {
        ...activity(3, 'Update'),
        ...(decision === 'approve' ? dispositions.approved : dispositions.rejected),
        ...statuses.success,
        ...severities.informational,
        actor: { user: personPart(by) },
        api: { operation: `holds.${decision}` },
        src_endpoint: { name: 'Sallyport API' },
        resources: [{ uid: hold, type: 'hold' }],
        message: reason === '' ? `${by}: ${decision}` : reason,
      })
    }
    case 'person.put':
    case 'person.removed':
    case 'token.issued': {
      const made = accountOf(entry)
      const { by } = entry.body
      return event(3001, entry, productVersion, undefined, {
        ...made,
        ...statuses.success,
        ...severities.informational,
        actor: { user: personPart(by) },
      })
    }
    default:
      return ofSystem(entry, productVersion)
  }
}

type ActionEntry = Extract<Entry, { kind: 'action.requested' | 'action.judged' | 'action.released' | 'action.settled' }>
type HoldEntry = Extract<Entry, { kind: 'hold.opened' | 'hold.closed' | 'hold.released' }>

function ofAction(entry: ActionEntry, context: ActionContext): Part {
  const { action } = context
  const { statement } = action.request
  const isAlert = context.verdict === 'block' || context.verdict === 'hold'
  return {
    ...activityOf(action),
    ...progress(entry, context),
    ...(isAlert ? severities.medium : severities.informational),
    is_alert: isAlert,
    actor: actorOf(action),
    src_endpoint: endpointOf(action),
    dst_endpoint: { name: action.target.system },
    database: databaseOf(action),
    type_id: 1,
    type: 'Database',
    ...policyOf(context),
    ...(typeof statement === 'string' ? { query_info: { name: action.operation, query_string: statement } } : {}),
    message: context.reason === '' ? action.operation : context.reason,
    unmapped: {
      door: action.door,
      environment: action.target.environment,
      effects: action.effects,
      resources: action.resources.map(({ type, name }) => ({ type, name })),
      impact: action.impact,
      ...(entry.kind === 'action.settled' ? { rows: entry.body.rows, outcome: entry.body.outcome } : {}),
      ...(context.hold === null ? {} : { hold: context.hold }),
    },
  }
}

function progress(entry: ActionEntry, { verdict }: ActionContext): Part {
  switch (entry.kind) {
    case 'action.requested':
      return { ...requested(verdict), ...statuses.unknown }
    case 'action.judged':
      return { ...(verdict === 'allow' ? dispositions.allowed : requested(verdict)), ...statuses.unknown }
    case 'action.released':
      return { ...dispositions.approved, ...statuses.unknown }
    case 'action.settled': {
      const { outcome, code, message } = entry.body
      return {
        ...ended(outcome),
        ...(code === undefined ? {} : { status_code: code }),
        ...(message === undefined ? {} : { status_detail: message }),
      }
    }
  }
}

/** Before it runs: an intent is only logged. */
function requested(verdict: Outcome | null): Disposition {
  switch (verdict) {
    case 'block':
      return dispositions.blocked
    case 'hold':
      return dispositions.delayed
    case 'flag':
      return dispositions.tagged
    case 'allow':
    case null:
      return dispositions.logged
  }
}

function ended(outcome: Settlement): Part {
  switch (outcome) {
    case 'completed':
      return { ...dispositions.allowed, ...statuses.success }
    case 'failed':
      return { ...dispositions.allowed, ...statuses.failure }
    case 'refused':
      return { ...dispositions.blocked, ...statuses.failure }
    case 'withdrawn':
      return { ...dispositions.noAction, ...statuses.failure }
    case 'unknown':
      return { ...dispositions.unknown, ...statuses.unknown }
  }
}

function activityOf({ effects, operation }: Action): Activity {
  if (effects.includes('delete') || effects.includes('destroy')) return activity(7, 'Delete')
  if (effects.includes('write'))
    return /^INSERT|^CREATE/.test(operation) ? activity(6, 'Create') : activity(2, 'Update')
  if (effects.includes('unknown')) return activity(0, 'Unknown')
  if (effects.length === 1 && effects[0] === 'read') return activity(4, 'Query')
  return activity(99, operation)
}

function ofHold(entry: HoldEntry, context: ActionContext | null): Part {
  const { hold } = entry.body
  const evidences =
    context === null
      ? []
      : [
          {
            actor: actorOf(context.action),
            database: databaseOf(context.action),
            src_endpoint: endpointOf(context.action),
          },
        ]
  const common = {
    is_alert: true,
    ...severities.high,
    ...(evidences.length === 0 ? {} : { evidences }),
    ...(context === null ? {} : { resources: resourcesOf(context.action) }),
  }
  if (entry.kind === 'hold.opened') {
    const { rule, requester, door, ruleSet } = entry.body
    return {
      ...common,
      ...activity(1, 'Create'),
      ...dispositions.delayed,
      status_id: 1,
      status: 'New',
      finding_info: {
        uid: hold,
        title: rule.about,
        desc: rule.message,
        created_time: Date.parse(entry.at),
        analytic: { type_id: 1, type: 'Rule', name: rule.id, uid: rule.id },
      },
      policy: { uid: rule.id, name: rule.id, version: ruleSet, is_applied: true },
      message: `${requester.name} at ${door}: ${rule.message}`,
    }
  }
  const isReleased = entry.kind === 'hold.released'
  return {
    ...common,
    ...activity(3, 'Close'),
    ...(isReleased
      ? dispositions.approved
      : entry.body.as === 'rejected'
        ? dispositions.rejected
        : dispositions.noAction),
    status_id: 4,
    status: 'Resolved',
    finding_info: {
      uid: hold,
      title: isReleased ? 'The approved action was released' : `The hold was ${entry.body.as}`,
    },
    message: isReleased ? 'released' : `${entry.body.as} by ${entry.body.by}: ${entry.body.reason}`,
  }
}

/** What concerns no action and no person: the life of the server itself. */
function ofSystem(entry: Entry, productVersion: string): object {
  return event(6003, entry, productVersion, undefined, {
    ...activity(99, entry.kind),
    ...severities.informational,
    actor: systemActor,
    api: { operation: entry.kind },
    src_endpoint: { name: 'Sallyport' },
    message: entry.kind,
    unmapped: { ...entry.body },
  })
}

function policyOf({ rule, ruleSet }: ActionContext): Part {
  return rule === null ? {} : { policy: { uid: rule, name: rule, version: ruleSet ?? '', is_applied: true } }
}

function activity(activity_id: number, activity_name: string): Activity {
  return { activity_id, activity_name }
}

function event(uid: ClassUid, entry: Entry, version: string, correlation: string | undefined, part: Part): object {
  const activityId = Number(part.activity_id)
  const hasControl = 'disposition_id' in part
  return {
    ...part,
    class_uid: uid,
    ...classes[uid],
    type_uid: uid * 100 + activityId,
    type_name: `${classes[uid].class_name}: ${String(part.activity_name)}`,
    time: Date.parse(entry.at),
    metadata: {
      version: ocsfVersion,
      product: { name: 'Sallyport', vendor_name: 'Sallyport', version },
      log_name: 'ledger',
      event_code: entry.kind,
      sequence: entry.index,
      uid: entry.hash,
      original_time: entry.at,
      ...(correlation === undefined ? {} : { correlation_uid: correlation }),
      ...(hasControl ? { profiles: ['security_control'] } : {}),
    },
  }
}
