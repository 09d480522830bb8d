import { createHash } from 'node:crypto'
import { createTransport } from 'nodemailer'
import type { Delivery, Send } from '../channel.ts'
import { type Content, contentOf } from '../content.ts'
import { fitLine, fitLines } from '../fit.ts'
import { reasonOf, type Secret } from '../http-post.ts'
import type { Message } from '../notice.ts'

export interface EmailOptions {
  readonly host: string
  readonly port: number
  /** `starttls`: encrypted before anything is said, or not at all. `tls`: from the first byte. `none`: in the clear. */
  readonly tls: 'starttls' | 'tls' | 'none'
  /** PEM of the authorities to trust; left out: those that Node.js trusts. */
  readonly ca?: () => Promise<string>
  readonly user?: string
  readonly password?: Secret
  readonly from: string
  readonly to: readonly string[]
}

/** Milliseconds that a mail server may be silent. */
const silence = 10_000
const lineAtMost = 1_000
const subjectAtMost = 180
const statementAtMost = 4_000

/** Plain text over SMTP. Addresses come from the configuration only, never from what is told. */
export function email(options: EmailOptions, home: string): Send {
  const { host, port, tls, user, from, to } = options
  return async (message, signal): Promise<Delivery> => {
    const pass = await options.password?.()
    const ca = await options.ca?.()
    const transport = createTransport({
      host,
      port,
      secure: tls === 'tls',
      requireTLS: tls === 'starttls',
      ignoreTLS: tls === 'none',
      ...(ca === undefined ? {} : { tls: { ca } }),
      ...(user === undefined ? {} : { auth: { user, pass: pass ?? '' }, forceAuth: true }),
      connectionTimeout: silence,
      greetingTimeout: silence,
      socketTimeout: silence,
      dnsTimeout: silence,
      socketCloseTimeout: 500,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    try {
      const { rejected } = await transport.sendMail({ from, to: [...to], ...mail(message, home, from), signal })
      if (rejected.length === 0) return { delivered: true }
      return { delivered: true, problem: `${host}:${port} refused ${rejected.length} of ${to.length} recipients.` }
    } catch (thrown) {
      return refused(`${host}:${port}`, thrown)
    }
  }
}

function mail(message: Message, home: string, from: string) {
  const content = contentOf(message, home)
  const domain = from.slice(from.lastIndexOf('@') + 1)
  const id = (text: string) => `<${createHash('sha256').update(text).digest('hex').slice(0, 32)}@${domain}>`
  const [first, ...others] = message.notices
  // What belongs to one hold stands together in a mailbox (RFC 5322, 3.6.4).
  const thread = 'hold' in first && others.length === 0 ? id(first.hold.hold) : undefined
  return {
    subject: subjectOf(content),
    text: textOf(content),
    messageId: id(message.id),
    ...(thread === undefined ? {} : { references: thread }),
    // No automatic answers (RFC 3834, 5).
    headers: { 'auto-submitted': 'auto-generated' },
  }
}

export function subjectOf({ title, summary }: Content): string {
  return fitLine(`[Sallyport] ${title}${summary === '' ? '' : `: ${summary}`}`, subjectAtMost)
}

export function textOf({ title, summary, facts, statement, link }: Content): string {
  const width = Math.max(...facts.map(([name]) => name.length), 0)
  return [
    `${title}.`,
    ...(link === null ? [] : ['', link]),
    '',
    ...(facts.length === 0 && summary !== '' ? [fitLine(summary, lineAtMost)] : []),
    ...facts.map(([name, text]) => `${name.padEnd(width)}  ${fitLine(text, lineAtMost)}`),
    ...(statement === null
      ? []
      : [
          '',
          ...fitLines(statement.text, statementAtMost)
            .split('\n')
            .map((line) => `    ${line}`),
        ]),
    ...(statement?.isCut === true ? ['', 'The statement is longer: all of it stands behind the link.'] : []),
    '',
    'Decisions are made in the console, by API or command line. An answer to this mail is not read.',
    '',
  ].join('\n')
}

/** The code and the step only: what a server says may repeat what was said to it. */
function refused(server: string, thrown: unknown): Delivery {
  const { responseCode, command } = Object(thrown)
  if (typeof responseCode !== 'number') {
    return { delivered: false, problem: `${server} cannot be used: ${reasonOf(thrown)}.`, isFinal: false }
  }
  const step = typeof command === 'string' ? command.split(' ')[0] : ''
  // A server's lasting refusals are 5yz (RFC 5321, 4.2.1); a sign-in or certificate can be put right.
  const isFinal = responseCode >= 500 && ['MAIL', 'RCPT', 'DATA'].includes(step ?? '')
  return {
    delivered: false,
    problem: `${server} refused with ${responseCode}${step === '' ? '' : ` at ${step}`}.`,
    isFinal,
  }
}
