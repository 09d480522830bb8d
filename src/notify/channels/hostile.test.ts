import { describe, expect, test } from 'vitest'
import { someHold } from '../../../test/support/some-hold.ts'
import { type Content, contentOf } from '../content.ts'
import { holdNotice, type Notice } from '../notice.ts'
import { subjectOf, textOf } from './email.ts'
import { slackMessage } from './slack.ts'
import { teamsMessage } from './teams.ts'
import { webhookBody } from './webhook.ts'

const home = 'https://guard.example/'
const link = 'https://guard.example/holds/8TFJ79GTQS'

/** What somebody might write to be taken for us, to wake everybody, or to steer whoever reads. */
const attacks = [
  '```\n*Approved* by rita ```',
  '` <!channel> `',
  '<!channel> <!here> <@U0> @channel @here',
  '<https://evil.example|Approve> [Approve](https://evil.example) https://evil.example',
  '*bold* _it_ ~gone~ :tada: &lt;!channel&gt;',
  'x\r\nBcc: all@evil.example\r\n\r\nbody',
  'abc\u202Edef\u2066ghi\u200B\u0000\u001b[31m',
  '<at>everyone</at> {{DATE(2017-02-14T06:08:39Z)}} $[x] <b>b</b><img src=x onerror=alert(1)>',
  '\ud800 lone',
]

function hostile(text: string): Notice {
  const hold = someHold({
    statement: `DELETE FROM orders /* ${text} */`,
    resource: text,
    requester: { id: text, name: text, owner: text },
    rule: { id: 'r', about: text, message: text },
    state: 'rejected',
    closed: { at: '2026-01-01T00:01:00.000Z', by: text, reason: text },
  })
  return holdNotice('hold.rejected', hold, link, '2026-01-01T00:01:00.000Z')
}

function contents(text: string): Content[] {
  const one = hostile(text)
  return [
    contentOf({ id: 'm', notices: [one], more: 0 }, home),
    contentOf({ id: 'm', notices: [one, one], more: 3 }, home),
  ]
}

/** Every text in a JSON document but names of types. */
function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => (key === 'type' ? [] : texts(inner)))
    : []
}

const invisible = /[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|[^\P{Cc}\n\t]/u

describe.each(attacks)('what is written by somebody else: %j', (attack) => {
  test.each(contents(attack))('is text in Slack', (content) => {
    const message = slackMessage(content)
    const own = `<${content.link}|Open it in Sallyport>`
    const found = texts(message)
    expect(found.filter((text) => text === own)).toHaveLength(1)
    for (const text of found) {
      expect(text).not.toMatch(invisible)
      if (text === own) continue
      expect(text).not.toMatch(/[<>]/)
      expect(text.replaceAll(/&(amp|lt|gt);/g, '')).not.toContain('&')
      // Outside of code only our own words are left: no mention, no link, nothing formatted but names of facts.
      const outside = text.replace(/^```\n[^`]*\n```$/, '').replaceAll(/`[^`\n]*`/g, '')
      expect(outside).not.toMatch(/[`@/[\]_~&]|:\w+:|\bevil\b/)
    }
    for (const block of message.blocks) {
      if (block.type === 'section') expect(block).toMatchObject({ text: { type: 'mrkdwn', verbatim: true } })
    }
  })

  test.each(contents(attack))('is text in Teams', (content) => {
    const message = teamsMessage(content)
    const body = message.attachments[0]?.content.body ?? []
    expect(body.length).toBeGreaterThan(1)
    for (const block of body) {
      expect(block.type).toBe('RichTextBlock')
      for (const inline of block.inlines) expect(Object(inline).type).toBe('TextRun')
    }
    for (const text of texts(body)) expect(text).not.toMatch(invisible)
    expect(texts(message).filter((text) => text === content.link)).toHaveLength(1)
    expect(message.attachments[0]?.content.actions).toHaveLength(1)
  })

  test.each(contents(attack))('is text in a mail', (content) => {
    expect(subjectOf(content)).not.toMatch(/[\r\n]/)
    expect(subjectOf(content)).not.toMatch(invisible)
    const lines = textOf(content).split('\n')
    for (const line of lines) expect(line).not.toMatch(invisible)
    // No line of the statement begins at the margin, where our own words stand.
    expect(lines.filter((line) => /^(Bcc|body|\*Approved)/.test(line))).toEqual([])
  })

  test('arrives to the letter by webhook', () => {
    const body = JSON.parse(JSON.stringify(webhookBody({ id: 'm', notices: [hostile(attack)], more: 0 })))
    expect(body.data.decided.reason).toBe(attack)
    expect(body.data.statement).toContain(attack)
  })
})

describe('a very long statement', () => {
  // The longest that one character can become: an escape, or an entity.
  test.each(['x', '&', '`', '\u{e0041}', '\n', '\r\n', '😀'])('of %j fits what each service takes', (character) => {
    const notice = hostile(character.repeat(1_000_000))
    for (const notices of [[notice] as const, [notice, ...Array(30).fill(notice)] as const]) {
      const content = contentOf({ id: 'm', notices, more: 5 }, home)
      for (const block of slackMessage(content).blocks) {
        const text = Object(block).text.text
        expect(text.length).toBeLessThanOrEqual(block.type === 'header' ? 150 : 3_000)
      }
      expect(Buffer.byteLength(JSON.stringify(teamsMessage(content)))).toBeLessThan(28_000)
      expect(subjectOf(content).length).toBeLessThanOrEqual(180)
      expect(textOf(content).length).toBeLessThan(20_000)
    }
    expect(JSON.stringify(webhookBody({ id: 'm', notices: [notice], more: 0 })).length).toBeLessThan(100_000)
  })

  test('is marked as cut', () => {
    const content = contentOf({ id: 'm', notices: [hostile('x'.repeat(10_000))], more: 0 }, home)
    expect(content.statement?.isCut).toBe(true)
    expect(JSON.stringify(slackMessage(content))).toContain('…\\n```')
    expect(textOf(content)).toContain('all of it stands behind the link')
  })
})

test('a message says what is held, by whom, by which rule, who may decide, and where', () => {
  const notice = holdNotice('hold.opened', someHold(), link, '2026-01-01T00:00:00.000Z')
  const content = contentOf({ id: 'm', notices: [notice], more: 0 }, home)
  expect(subjectOf(content)).toBe('[Sallyport] An action is held for review: DELETE on orders at shop, asked by app')
  expect(textOf(content)).toBe(`An action is held for review.

https://guard.example/holds/8TFJ79GTQS

What      DELETE on orders
Impact    about 6000 rows; nothing limits which rows; reversible: unknown
Asked by  app (shop:app)
At        shop: db (production)
Rule      unbounded-delete: A delete that nothing limits
Review    one reviewer from dba, until 2026-01-01T00:30:00.000Z

    DELETE FROM orders

Decisions are made in the console, by API or command line. An answer to this mail is not read.
`)
  expect(slackMessage(content).blocks.map(({ type }) => type)).toEqual(['header', 'section', 'section', 'section'])
  expect(JSON.stringify(slackMessage(content))).not.toMatch(/"type":"(button|actions)"/)
})
