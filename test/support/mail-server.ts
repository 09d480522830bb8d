import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { vi } from 'vitest'

export interface Mail {
  readonly from: string
  readonly to: readonly string[]
  /** Headers and text, as they came. */
  readonly raw: string
  readonly isEncrypted: boolean
  readonly user: string | undefined
}

export interface MailServer {
  readonly port: number
  readonly mails: readonly Mail[]
  /** The mails so far, once there are so many. */
  arrived(count: number): Promise<readonly Mail[]>
  close(): Promise<void>
}

/** A real SMTP server that keeps what it gets; without certificate and sign-in unless told. */
export async function startMailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const mails: Mail[] = []
  const server = new SMTPServer({
    logger: false,
    disabledCommands: options.cert === undefined ? ['STARTTLS', 'AUTH'] : ['AUTH'],
    closeTimeout: 100,
    onData: (stream, session, done) => {
      let raw = ''
      stream.on('data', (chunk: Buffer) => {
        raw += chunk.toString('utf8')
      })
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        const from = mailFrom === false ? '' : (mailFrom?.address ?? '')
        const to = rcptTo.map(({ address }) => address)
        mails.push({ from, to, raw, isEncrypted: session.secure, user: session.user })
        done()
      })
    },
    ...options,
  })
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return {
    port: address.port,
    mails,
    arrived: (count) =>
      vi.waitFor(
        () => {
          if (mails.length < count) throw new Error(`${mails.length} of ${count} mails have come`)
          return mails
        },
        { timeout: 15_000, interval: 10 },
      ),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
