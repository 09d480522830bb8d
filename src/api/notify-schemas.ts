import { z } from '@hono/zod-openapi'
import { channelKinds } from '../notify/index.ts'
import { time } from './schemas.ts'

export const channelSchema = z
  .object({
    name: z.string(),
    kind: z.enum(channelKinds),
    events: z.array(z.string()).readonly(),
    doors: z.array(z.string()).readonly().describe('Empty: every door'),
    perMinute: z.number().int().describe('0: no limit'),
    remindAfter: z.number().describe('Milliseconds; 0: never'),
    state: z.enum(['idle', 'working', 'failing']).describe('idle: nothing was sent since the start'),
    queued: z.number().int().describe('Notices that wait to be sent'),
    sent: z.number().int().describe('Messages that arrived since the start'),
    lost: z.number().int().describe('Notices that were given up since the start'),
    lastSentAt: time.nullable(),
    lastError: z
      .object({ at: time, message: z.string(), attempts: z.number().int() })
      .nullable()
      .describe('The newest; it stays when the channel works again'),
    nextAttemptAt: time.nullable(),
  })
  .openapi('NotifyChannel')

export const notifyTestSchema = z
  .object({ delivered: z.boolean(), problem: z.string().nullable() })
  .openapi('NotifyTest')
