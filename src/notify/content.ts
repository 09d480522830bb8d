import type { HoldFacts, Message, Notice, NoticeType } from './notice.ts'

/**
 * What a message says, before it is put into the form of a channel. `title` and the names of facts are our own words;
 * everything else may have been written by anybody, and each channel has to show it as text.
 */
export interface Content {
  readonly title: string
  /** One line for lists and pop-ups, after the title. */
  readonly summary: string
  readonly facts: readonly (readonly [name: string, text: string])[]
  readonly statement: { readonly text: string; readonly isCut: boolean } | null
  /** Where to look at it, and decide. */
  readonly link: string | null
}

const titles: Readonly<Record<NoticeType, string>> = {
  'hold.opened': 'An action is held for review',
  'hold.reminder': 'An action still waits for review',
  'hold.approved': 'A held action is approved',
  'hold.rejected': 'A held action is rejected',
  'hold.expired': 'A held action has expired',
  'hold.withdrawn': 'A held action was withdrawn',
  'hold.escalated': 'Nobody has decided on a held action: more people may now',
  'hold.forced': 'The glass is broken: a held action passes without its review',
  'change.opened': 'A deployment waits to be approved',
  'lock.put': 'A lock is in force',
  'lock.lifted': 'A lock is lifted',
  'record.failed': 'The record cannot be written: every door refuses',
  test: 'This is a test',
}

/** Notices that a sum names one by one. */
const namedAtMost = 10

/** @param home where a message about several things leads */
export function contentOf({ notices, more }: Message, home: string): Content {
  const [first, ...others] = notices
  return others.length === 0 && more === 0 ? contentOfOne(first, home) : contentOfSeveral(notices, more, home)
}

function contentOfOne(notice: Notice, home: string): Content {
  const { type } = notice
  const title = titles[type]
  switch (type) {
    case 'change.opened': {
      const { title: what, repository, ref, door, database, statements, effects, expiresAt, link } = notice.change
      const facts = [
        ['What', what],
        ['From', `${repository} ${ref}`],
        ['At', `${door}/${database}`],
        ['Statements', `${statements}: ${effects.join(', ')}`],
        ['Review', `until ${expiresAt}`],
      ] as const
      return { title, summary: `${what} (${repository})`, facts, statement: null, link }
    }
    case 'lock.put': {
      const { on, message, until, by, lock } = notice.lock
      const summary = `${on.kind} ${on.name}`
      const facts = [
        ['On', summary],
        ['Says', message],
        ['Until', until ?? 'it is lifted'],
        ['By', by],
        ['Lock', lock],
      ] as const
      return { title, summary, facts, statement: null, link: home }
    }
    case 'lock.lifted': {
      const { lock, by, reason } = notice.lifted
      const facts = [['Lock', lock], ['By', by], ...said(reason)] as const
      return { title, summary: lock, facts, statement: null, link: home }
    }
    case 'record.failed':
      return { title, summary: '', facts: said(notice.reason), statement: null, link: home }
    case 'test':
      return { title, summary: `sent by ${notice.by}`, facts: [['By', notice.by]], statement: null, link: home }
    default:
      return contentOfHold(title, notice.hold)
  }
}

function contentOfHold(title: string, hold: HoldFacts): Content {
  const { requester, target, rule, decided } = hold
  const owner = requester.owner === undefined ? '' : `, for whom ${requester.owner} answers`
  const facts: [string, string][] = [
    ...(decided === null ? [] : [['By', decided.by] satisfies [string, string], ...said(decided.reason)]),
    ['What', whatOf(hold)],
    ['Impact', hold.impact],
    ['Asked by', `${requester.name} (${requester.id})${owner}`],
    ['At', `${hold.door}: ${[target.system, target.database].filter(Boolean).join('/')} (${target.environment})`],
    ['Rule', `${rule.id}: ${rule.about}`],
    ...(decided === null ? [['Review', `${hold.reviewers}, until ${hold.expiresAt}`] satisfies [string, string]] : []),
    ...(hold.actions > 1 ? [['With it', `${hold.actions - 1} more in the same unit`] satisfies [string, string]] : []),
  ]
  return {
    title,
    summary: summaryOf(hold),
    facts: facts.filter(([, text]) => text !== ''),
    statement: hold.statement === '' ? null : { text: hold.statement, isCut: hold.statementCut },
    link: hold.link,
  }
}

function contentOfSeveral(notices: readonly Notice[], more: number, home: string): Content {
  const counts = new Map<string, number>()
  for (const { type } of notices) counts.set(titles[type], (counts.get(titles[type]) ?? 0) + 1)
  const left = notices.length - namedAtMost + more
  const facts: [string, string][] = notices.slice(0, namedAtMost).map((notice) => {
    const { title, summary } = contentOfOne(notice, home)
    return [title, summary]
  })
  if (left > 0) facts.push(['And', `${left} more`])
  const isReminder = notices.every(({ type }) => type === 'hold.reminder')
  const total = notices.length + more
  return {
    title: isReminder ? `${total} actions still wait for review` : `And ${total} more`,
    summary: [...counts].map(([title, count]) => `${count} × ${title}`).join('; '),
    facts,
    statement: null,
    link: home,
  }
}

function said(reason: string): [string, string][] {
  return reason === '' ? [] : [['Reason', reason]]
}

function summaryOf(hold: HoldFacts): string {
  return `${whatOf(hold)} at ${hold.door}, asked by ${hold.requester.name}`
}

function whatOf({ operation, resources }: HoldFacts): string {
  return resources.length === 0 ? operation : `${operation} on ${resources.slice(0, 3).join(', ')}`
}
