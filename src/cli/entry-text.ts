import type { Entry } from '../ledger/index.ts'
import type { Colors } from './io.ts'
import { safeText } from './safe-text.ts'

/** One entry as a line for people. */
export function entryText(entry: Entry, colors: Colors): string {
  return `${colors.dim(`${entry.index} ${entry.at}`)} ${entry.kind.padEnd(16)} ${safeText(summary(entry))}\n`
}

/** One entry in one line; the statement is cut here, `--json` has all of it. */
function summary(entry: Entry): string {
  switch (entry.kind) {
    case 'action.requested': {
      const { action, judged } = entry.body
      const verdict = judged === null ? '' : ` [${judged.verdict}${judged.rule === null ? '' : ` by ${judged.rule}`}]`
      return `${action.id} ${action.actor.id} → ${action.door}${verdict}: ${statementOf(action.request) ?? action.operation}`
    }
    case 'action.judged':
      return `${entry.body.action} ${entry.body.verdict}${entry.body.rule === null ? '' : ` by ${entry.body.rule}`}: ${entry.body.reason}`
    case 'action.released':
      return `${entry.body.action} from hold ${entry.body.hold}`
    case 'action.settled': {
      const { action, outcome, rows, message } = entry.body
      return `${action} ${outcome}${rows === null ? '' : `, ${rows} rows`}${message === undefined ? '' : `: ${message}`}`
    }
    case 'hold.opened':
      return `${entry.body.hold} by ${entry.body.rule.id} for ${entry.body.requester.id}`
    case 'hold.sampled':
      return `${entry.body.hold} ${entry.body.samples.map(({ table, rows }) => `${rows.length} rows of ${table}`).join(', ')}`
    case 'hold.voted':
      return `${entry.body.hold} ${entry.body.decision} by ${entry.body.by}: ${entry.body.reason}`
    case 'hold.closed':
      return `${entry.body.hold} ${entry.body.as} by ${entry.body.by}: ${entry.body.reason}`
    case 'hold.released':
      return entry.body.hold
    case 'change.opened': {
      const { change, title, statements, identity } = entry.body
      return `${change} "${title}": ${statements.length} statements, by ${identity.name}:${identity.repository} run ${identity.run}`
    }
    case 'rules.loaded':
      return `${entry.body.version}, ${entry.body.rules} rules in ${entry.body.files.length} files`
    case 'rules.stored':
      return `${entry.body.version}, ${entry.body.files.map(({ file }) => file).join(', ')}`
    default:
      return JSON.stringify(entry.body)
  }
}

function statementOf({ statement }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof statement !== 'string') return undefined
  const line = statement.replace(/\s+/g, ' ').trim()
  return line.length > 160 ? `${line.slice(0, 159)}…` : line
}
