import type { Send } from '../channel.ts'
import { type Content, contentOf } from '../content.ts'
import { fitLine, fitLines, type Write } from '../fit.ts'
import { type HttpTarget, postJson } from '../http-post.ts'

/** Slack's limit for the text of a section is 3,000 characters, for a field 2,000 (Block Kit reference). */
const statementAtMost = 2_800
const factAtMost = 600

/** A Slack incoming webhook: a Block Kit message with a link. Nothing in it can be pressed to vote. */
export function slack(target: HttpTarget, home: string): Send {
  return (message, signal) => postJson(target, JSON.stringify(slackMessage(contentOf(message, home))), {}, signal)
}

/** What Slack shows of it is our own words, and code: in code nothing is formatted, linked or mentioned. */
export function slackMessage({ title, summary, facts, statement, link }: Content) {
  return {
    text: summary === '' ? title : `${title}: ${code(summary, 300)}`,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: title, emoji: false } },
      ...(facts.length === 0
        ? []
        : [section(facts.map(([name, text]) => `*${name}*  ${code(text, factLength(facts.length))}`).join('\n'))]),
      ...(statement === null
        ? []
        : [section(`\`\`\`\n${fitLines(statement.text, statementAtMost, slackText)}\n\`\`\``)]),
      ...(link === null ? [] : [section(`<${slackLink(link)}|Open it in Sallyport>`)]),
    ],
  }
}

/** `verbatim`: Slack makes no links and mentions of what looks like one. */
function section(text: string) {
  return { type: 'section', text: { type: 'mrkdwn', text, verbatim: true } }
}

/** All facts share one section. */
function factLength(facts: number): number {
  return Math.min(factAtMost, Math.floor(2_900 / facts) - 80)
}

function code(text: string, most: number): string {
  return text === '' ? '–' : `\`${fitLine(text, most, slackText)}\``
}

/** Slack's three control characters (Slack, "Formatting text for app surfaces"), and the one that ends code. */
const slackText: Write = (character) => {
  switch (character) {
    case '&':
      return '&amp;'
    case '<':
      return '&lt;'
    case '>':
      return '&gt;'
    case '`':
      return '\\u{60}'
    default:
      return character
  }
}

function slackLink(link: string): string {
  return link.replaceAll('&', '&amp;').replaceAll('<', '%3C').replaceAll('>', '%3E').replaceAll('|', '%7C')
}
