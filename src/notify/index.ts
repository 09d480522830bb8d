/**
 * notify/: tells people what waits for them, and what became of it: Slack, Microsoft Teams, webhooks, e-mail.
 *
 * It only tells. A vote is cast in the console, the API or the command line, so no message has anything to press but a
 * link. It stands beside the path of an action, never in it: it learns from `Holds` and the ledger what is durable
 * already (`notifier.ts`), each channel has a queue of its own (`outbox.ts`), and one that fails or hangs concerns
 * nobody else. What waits is derived from the ledger at each start; `told.ts` keeps what need not be told again.
 * @module
 */
export { type Channel, type ChannelKind, channelKinds, type Delivery, type Send } from './channel.ts'
export { type EmailOptions, email } from './channels/email.ts'
export { slack } from './channels/slack.ts'
export { teams } from './channels/teams.ts'
export { type WebhookOptions, webhook } from './channels/webhook.ts'
export type { HttpTarget, Secret } from './http-post.ts'
export type { NoticeType } from './notice.ts'
export { type ChannelStatus, Notifier, type NotifierOptions } from './notifier.ts'
export { type OutboxLimits, type OutboxStatus, outboxLimits } from './outbox.ts'
export { Told } from './told.ts'
