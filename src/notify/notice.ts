import { impactText } from '../action/index.ts'
import { type Hold, isOver, needsFollowUp, reviewersOf } from '../holds/index.ts'
import type { EntryBodies } from '../ledger/index.ts'
import type { Lock } from '../locks/index.ts'

export const holdNotices = [
  'hold.opened',
  'hold.reminder',
  'hold.approved',
  'hold.rejected',
  'hold.expired',
  'hold.withdrawn',
  'hold.escalated',
  'hold.forced',
] as const
export type HoldNoticeType = (typeof holdNotices)[number]

/** What people can be told of. `test` is what `sallyport notify test` sends. */
export type NoticeType = HoldNoticeType | 'change.opened' | 'lock.put' | 'lock.lifted' | 'record.failed' | 'test'

/** What a notice says of a hold: its own words, cut to lengths that can be kept in a queue. */
export interface HoldFacts {
  readonly hold: string
  readonly link: string
  readonly door: string
  readonly target: Hold['target']
  readonly requester: Hold['requester']
  readonly rule: Hold['rule']
  readonly reviewers: string
  readonly openedAt: string
  readonly expiresAt: string
  readonly operation: string
  readonly resources: readonly string[]
  readonly impact: string
  /** Of the action that was held first. */
  readonly statement: string
  readonly statementCut: boolean
  /** How many actions wait in this hold. */
  readonly actions: number
  /** Who decided or ended it, and what they said; null: nobody yet. */
  readonly decided: { readonly by: string; readonly reason: string } | null
}

/** What a notice says of a change that waits. */
export interface ChangeFacts {
  readonly change: string
  readonly link: string
  readonly title: string
  readonly door: string
  readonly database: string
  readonly repository: string
  readonly ref: string
  readonly statements: number
  /** All that its statements do. */
  readonly effects: readonly string[]
  readonly expiresAt: string
}

interface Told<T extends NoticeType> {
  /** The same for the same occasion, also after a restart. */
  readonly id: string
  readonly type: T
  /** RFC 3339: when it happened. */
  readonly at: string
}

/** One thing that people are told. Every text in it may have been written by anybody. */
export type Notice =
  | (Told<HoldNoticeType> & { readonly hold: HoldFacts })
  | (Told<'change.opened'> & { readonly change: ChangeFacts })
  | (Told<'lock.put'> & { readonly lock: Lock })
  | (Told<'lock.lifted'> & { readonly lifted: { readonly lock: string; readonly by: string; readonly reason: string } })
  | (Told<'record.failed'> & { readonly reason: string })
  | (Told<'test'> & { readonly by: string })

/** What goes out in one piece: one notice, or several that are summed up. */
export interface Message {
  /** The same at each attempt to send it. */
  readonly id: string
  readonly notices: readonly [Notice, ...Notice[]]
  /** Notices beyond those, which the queue had no room for. */
  readonly more: number
}

/** Characters of a statement, and of any other text, that a notice keeps. */
const statementAtMost = 4_000
const textAtMost = 1_000
const resourcesAtMost = 10

/** What there is to tell of a hold as it is now, whatever was told before. A reminder is told by the clock. */
export function noticesOf(hold: Hold): HoldNoticeType[] {
  const forced: HoldNoticeType[] = hold.forced === null ? [] : ['hold.forced']
  switch (hold.state) {
    case 'pending':
      return hold.escalatedAt === null ? ['hold.opened'] : ['hold.opened', 'hold.escalated']
    case 'approved':
      return hold.forced === null ? ['hold.approved'] : forced
    case 'released':
      return forced
    case 'rejected':
      return ['hold.rejected']
    case 'expired':
      return [...forced, 'hold.expired']
    case 'withdrawn':
      return [...forced, 'hold.withdrawn']
  }
}

/** Whether there may be more to tell of a hold, or to tell again after a restart. */
export function isLive(hold: Hold): boolean {
  return !isOver(hold) || needsFollowUp(hold)
}

export function holdNotice(type: HoldNoticeType, hold: Hold, link: string, now: string): Notice {
  const { requester, target, rule } = hold
  const [action] = hold.actions
  const statement = statementOf(action?.request)
  return {
    id: `${hold.hold}.${type}`,
    type,
    at: happenedAt(type, hold) ?? now,
    hold: {
      hold: hold.hold,
      link,
      door: hold.door,
      target: target.database === undefined ? target : { ...target, database: cut(target.database) },
      requester: {
        id: cut(requester.id),
        name: cut(requester.name),
        ...(requester.owner === undefined ? {} : { owner: cut(requester.owner) }),
      },
      rule: { id: rule.id, about: cut(rule.about), message: cut(rule.message) },
      reviewers: reviewersOf({ ...hold.review, confirm: false }),
      openedAt: hold.openedAt,
      expiresAt: hold.expiresAt,
      operation: cut(action?.operation ?? ''),
      resources: (action?.resources ?? []).slice(0, resourcesAtMost).map(({ name }) => cut(name)),
      impact: action === undefined ? '' : cut(impactText(action.impact)),
      statement: cut(statement, statementAtMost),
      statementCut: statement.length > statementAtMost,
      actions: hold.actions.length,
      decided: decidedBy(type, hold),
    },
  }
}

/** @param link where it can be seen, and decided on */
export function changeNotice(opened: EntryBodies['change.opened'], link: string, at: string): Notice {
  const { change, title, door, database, identity, statements, expiresAt } = opened
  return {
    id: `${change}.change.opened`,
    type: 'change.opened',
    at,
    change: {
      change,
      link,
      title: cut(title),
      door,
      database: cut(database),
      repository: cut(identity.repository),
      ref: cut(identity.ref),
      statements: statements.length,
      effects: [...new Set(statements.flatMap(({ effects }) => effects))].sort(),
      expiresAt,
    },
  }
}

function statementOf(request: Readonly<Record<string, unknown>> | undefined): string {
  return typeof request?.statement === 'string' ? request.statement : ''
}

function happenedAt(type: HoldNoticeType, hold: Hold): string | undefined {
  switch (type) {
    case 'hold.opened':
      return hold.openedAt
    case 'hold.reminder':
      return undefined
    case 'hold.approved':
      return hold.votes.at(-1)?.at
    case 'hold.escalated':
      return hold.escalatedAt ?? undefined
    case 'hold.forced':
      return hold.forced?.at
    case 'hold.rejected':
    case 'hold.expired':
    case 'hold.withdrawn':
      return hold.closed?.at
  }
}

function decidedBy(type: HoldNoticeType, hold: Hold): HoldFacts['decided'] {
  const said = type === 'hold.forced' ? hold.forced : type === 'hold.approved' ? hold.votes.at(-1) : hold.closed
  return said == null ? null : { by: cut(said.by), reason: cut(said.reason) }
}

function cut(text: string, most: number = textAtMost): string {
  return text.length <= most ? text : text.slice(0, most)
}
