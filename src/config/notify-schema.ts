import { z } from 'zod'
import { duration, httpUrl, longestWait, path, textAs, variable } from './values.ts'

export const notifyKinds = ['slack', 'teams', 'webhook', 'email'] as const

/** What a channel can be told of. */
export const notifyEvents = [
  'hold.opened',
  'hold.approved',
  'hold.rejected',
  'hold.expired',
  'hold.withdrawn',
  'hold.escalated',
  'hold.forced',
  'change.opened',
  'lock.put',
  'lock.lifted',
  'record.failed',
] as const

/** As rules state it, from least to most severe. */
export const notifySeverities = ['low', 'medium', 'high', 'critical'] as const

const mailAddress = z
  .string()
  .max(254)
  .regex(/^[^\s<>@,;:"()[\]\\]+@[^\s<>@,;:"()[\]\\]+$/, 'a mail address alone, such as dba@example.com')

const channelName = textAs((text, refuse) => {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(text)) {
    refuse(`${JSON.stringify(text)} is not a name for a channel`, 'lower-case letters, digits and -, such as dba-slack')
  }
  return text
})

const smtpSchema = z.strictObject({
  host: z.string().min(1).max(253).describe('The mail server'),
  port: z.int().min(1).max(65_535).default(587).describe('Its port'),
  tls: z
    .enum(['starttls', 'tls', 'none'])
    .default('starttls')
    .describe(
      '`starttls`: encrypted before anything is sent, or nothing is. `tls`: from the first byte (port 465). `none`: in the clear, without signing in',
    ),
  ca: path.optional().describe('PEM file: authorities to trust. Default: those that Node.js trusts'),
  user: z.string().min(1).max(256).optional().describe('Account to sign in with'),
  passwordEnv: variable.optional().describe('Environment variable that its password is in'),
  passwordFile: path.optional().describe('File that its password is in; relative to the configuration file'),
})

/** One channel, flat: what belongs to which kind is checked beside it (notify.ts). */
export const notifyChannelSchema = z.strictObject({
  name: channelName.describe('Name of the channel, in logs, the API and `sallyport notify test`; unique'),
  kind: z.enum(notifyKinds).describe('What is spoken there'),
  url: httpUrl.optional().describe('webhook: its address, where that is no secret'),
  urlEnv: variable.optional().describe('slack, teams, webhook: environment variable that the address is in'),
  urlFile: path
    .optional()
    .describe(
      'slack, teams, webhook: file that the address is in, read at each message; relative to the configuration file',
    ),
  secretEnv: variable
    .optional()
    .describe('webhook: environment variable with the signing secret: `whsec_` and 24 to 64 bytes in base64'),
  secretFile: path.optional().describe('webhook: file with the signing secret; relative to the configuration file'),
  smtp: smtpSchema.optional().describe('email: the mail server'),
  from: mailAddress.optional().describe('email: who it is from'),
  to: z.array(mailAddress).min(1).max(50).optional().describe('email: who gets it'),
  events: z
    .array(z.enum(notifyEvents))
    .min(1)
    .default(notifyEvents.filter((event) => event !== 'hold.withdrawn'))
    .describe('What it is told of'),
  doors: z.array(z.string().min(1)).default([]).describe('Only holds and locks at these doors. Default: every door'),
  minSeverity: z
    .enum(notifySeverities)
    .optional()
    .describe(
      'Only holds by rules of at least this severity, or of none, and whatever is let pass by breaking the glass. Default: every hold',
    ),
  perMinute: z
    .int()
    .min(0)
    .max(1_000)
    .default(20)
    .describe('Most messages within a minute; what is more is summed up in one. `0`: no limit'),
  remindAfter: duration('0s', longestWait)
    .prefault('10m')
    .describe(
      'How long after it was told a hold that still waits is told once more, or three quarters of its time where that is less; `0s`: never',
    ),
})

export type NotifyChannelValues = z.output<typeof notifyChannelSchema>
