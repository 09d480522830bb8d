import type { Send } from '../channel.ts'
import { type Content, contentOf } from '../content.ts'
import { fitLine, fitLines } from '../fit.ts'
import { type HttpTarget, postJson } from '../http-post.ts'

/** A message may have 28 KB in all (Microsoft, "Send messages in Teams using incoming webhooks"). */
const statementAtMost = 2_000
const linesAtMost = 40
const factAtMost = 500

/** A Microsoft Teams workflow that posts what it receives to a channel: an Adaptive Card with a link. */
export function teams(target: HttpTarget, home: string): Send {
  return (message, signal) => postJson(target, JSON.stringify(teamsMessage(contentOf(message, home))), {}, signal)
}

/**
 * Everything from outside stands in a TextRun, the one element whose text is not read as Markdown (Adaptive Cards,
 * schema explorer: TextRun).
 */
export function teamsMessage({ title, summary, facts, statement, link }: Content) {
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    fallbackText: title,
    body: [
      paragraph([{ type: 'TextRun', text: title, weight: 'Bolder', size: 'Medium' }]),
      ...(facts.length === 0 && summary !== '' ? [paragraph([run(summary)])] : []),
      ...facts.map(([name, text]) =>
        paragraph([{ type: 'TextRun', text: `${name}: `, weight: 'Bolder' }, run(fitLine(text, factAtMost))]),
      ),
      ...(statement === null ? [] : lines(statement.text)),
    ],
    actions: link === null ? [] : [{ type: 'Action.OpenUrl', title: 'Open it in Sallyport', url: link }],
  }
  return { type: 'message', attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content }] }
}

function paragraph(inlines: readonly object[], spacing: 'Default' | 'None' = 'Default') {
  return { type: 'RichTextBlock', spacing, inlines }
}

function run(text: string, more: object = {}) {
  return { type: 'TextRun', text: text === '' ? ' ' : text, ...more }
}

/** A line of the statement to a block: a line break within a TextRun is shown by some clients only. */
function lines(statement: string) {
  const all = fitLines(statement, statementAtMost).split('\n')
  const shown = all.length > linesAtMost ? [...all.slice(0, linesAtMost), '…'] : all
  return shown.map((line, index) => paragraph([run(line, { fontType: 'Monospace' })], index === 0 ? 'Default' : 'None'))
}
