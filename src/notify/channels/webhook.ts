import { createHmac } from 'node:crypto'
import type { Delivery, Send } from '../channel.ts'
import { type HttpTarget, postJson, type Secret } from '../http-post.ts'
import type { Message, Notice } from '../notice.ts'

export interface WebhookOptions {
  readonly target: HttpTarget
  /** `whsec_` and 24 to 64 bytes in base64. */
  readonly secret: Secret
  readonly now: () => number
}

/**
 * A webhook as Standard Webhooks 1.0 says: signed, with an id that stays the same however often it is sent. The body
 * is `{ type, timestamp, data }`; texts in it are as they were written.
 */
export function webhook({ target, secret, now }: WebhookOptions): Send {
  return async (message, signal): Promise<Delivery> => {
    const key = signingBytes(await secret())
    if (key === undefined) {
      const problem = 'The signing secret is not set, or not whsec_ and 24 to 64 bytes in base64.'
      return { delivered: false, problem, isFinal: false }
    }
    const body = JSON.stringify(webhookBody(message))
    const timestamp = Math.floor(now() / 1_000)
    return postJson(target, body, signed(message.id, timestamp, body, key), signal)
  }
}

/** The headers (Standard Webhooks 1.0, "Verifying webhook authenticity"). @param timestamp seconds since 1970 */
export function signed(id: string, timestamp: number, body: string, key: Buffer): Record<string, string> {
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': `v1,${signature}` }
}

/** undefined: not a secret that Standard Webhooks knows. */
export function signingBytes(secret: string | undefined): Buffer | undefined {
  const [, encoded] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret?.trim() ?? '') ?? []
  if (encoded === undefined) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  return bytes.length >= 24 && bytes.length <= 64 ? bytes : undefined
}

/** Notices that one sum carries; the others are a number. */
const carriedAtMost = 200

export function webhookBody({ notices, more }: Message) {
  const [first, ...others] = notices
  if (others.length === 0 && more === 0) return { type: first.type, timestamp: first.at, data: dataOf(first) }
  const carried = notices.slice(0, carriedAtMost)
  return {
    type: 'several',
    timestamp: carried.at(-1)?.at ?? first.at,
    data: {
      notices: carried.map((notice) => ({
        id: notice.id,
        type: notice.type,
        timestamp: notice.at,
        data: summed(notice),
      })),
      more: notices.length - carried.length + more,
    },
  }
}

function dataOf(notice: Notice): object {
  switch (notice.type) {
    case 'change.opened':
      return notice.change
    case 'lock.put':
      return notice.lock
    case 'lock.lifted':
      return notice.lifted
    case 'record.failed':
      return { reason: notice.reason }
    case 'test':
      return { by: notice.by }
    default:
      return notice.hold
  }
}

/** Without the statement, which the link leads to. */
function summed(notice: Notice): object {
  if (!('hold' in notice)) return dataOf(notice)
  const { statement: _, statementCut: __, ...facts } = notice.hold
  return facts
}
