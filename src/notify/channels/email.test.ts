import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type CertificateFiles, TestAuthority } from '../../../test/support/certificates.ts'
import { type MailServer, startMailServer } from '../../../test/support/mail-server.ts'
import { someHold } from '../../../test/support/some-hold.ts'
import { holdNotice, type Message } from '../notice.ts'
import { type EmailOptions, email } from './email.ts'

const home = 'https://guard.example/'
const never = new AbortController().signal

let folder: string
let authority: TestAuthority
let certificate: CertificateFiles
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-mail-'))
  authority = new TestAuthority(folder, 'authority')
  certificate = authority.issue('mail', [['commonName', 'mail']], ['127.0.0.1', 'localhost'])
})
afterAll(() => rmSync(folder, { recursive: true }))

const open: MailServer[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server.close()
})

async function server(options?: Parameters<typeof startMailServer>[0]): Promise<MailServer> {
  const started = await startMailServer(options)
  open.push(started)
  return started
}

function tls() {
  return { cert: readFileSync(certificate.cert), key: readFileSync(certificate.key) }
}

function message(text: string): Message {
  const hold = someHold({ statement: text, resource: text, requester: { id: 'shop:app', name: text } })
  const notice = holdNotice('hold.opened', hold, `${home}holds/${hold.hold}`, '2026-01-01T00:00:00.000Z')
  return { id: notice.id, notices: [notice], more: 0 }
}

function send(port: number, text: string, change: Partial<EmailOptions> = {}) {
  const options = {
    host: '127.0.0.1',
    port,
    tls: 'none',
    from: 'sallyport@guard.example',
    to: ['dba@guard.example'],
  } as const
  return email({ ...options, ...change }, home)(message(text), never)
}

describe('e-mail', () => {
  test('arrives as plain text, with the same Message-ID at each attempt', async () => {
    const { port, mails } = await server()
    expect(await send(port, 'DELETE FROM orders')).toEqual({ delivered: true })
    expect(await send(port, 'DELETE FROM orders')).toEqual({ delivered: true })
    expect(mails).toMatchObject([{ from: 'sallyport@guard.example', to: ['dba@guard.example'] }, {}])
    expect(mails[0]?.raw).toContain('Content-Type: text/plain; charset=utf-8')
    expect(mails[0]?.raw).not.toContain('text/html')
    expect(mails[0]?.raw).toContain('https://guard.example/holds/8TFJ79GTQS')
    expect(mails[0]?.raw).toMatch(/^Auto-Submitted: auto-generated\r$/im)
    const ids = mails.map(({ raw }) => /^Message-ID: (.+)\r$/im.exec(raw)?.[1])
    expect(ids[0]).toMatch(/^<[0-9a-f]{32}@guard\.example>$/)
    expect(ids[1]).toBe(ids[0])
  })

  test.each([
    'x\r\nBcc: all@evil.example\r\n\r\nforged',
    'x\nTo: all@evil.example',
    '\r\n.\r\nMAIL FROM:<a@evil.example>\r\n',
    '=?utf-8?q?a=0D=0ABcc=3A_all=40evil.example?=',
    '"<all@evil.example>", dba@evil.example',
    '\u202Eabc\u0000\u2028Bcc: all@evil.example',
  ])('lets %j into no header and no envelope', async (text) => {
    const { port, mails } = await server()
    expect(await send(port, text)).toEqual({ delivered: true })
    expect(mails).toMatchObject([{ from: 'sallyport@guard.example', to: ['dba@guard.example'] }])
    const raw = mails[0]?.raw ?? ''
    const headers = raw.slice(0, raw.indexOf('\r\n\r\n')).replaceAll(/\r\n[ \t]/g, ' ')
    const names = headers.split('\r\n').map((line) => line.slice(0, line.indexOf(':')).toLowerCase())
    expect(names.sort()).toEqual([
      'auto-submitted',
      'content-transfer-encoding',
      'content-type',
      'date',
      'from',
      'message-id',
      'mime-version',
      'references',
      'subject',
      'to',
    ])
    expect(headers).toContain('To: dba@guard.example')
  })

  test('is encrypted with STARTTLS by a server whose certificate is verified, and signed in', async () => {
    const { port, mails } = await server({
      ...tls(),
      disabledCommands: [],
      onAuth: ({ username, password }, _, done) =>
        username === 'sp' && password === 'hunter2' ? done(null, { user: username }) : done(new Error('no')),
    })
    const ca = async () => readFileSync(authority.file, 'utf8')
    const sign = { tls: 'starttls', ca, user: 'sp', password: async () => 'hunter2' } as const
    expect(await send(port, 'x', sign)).toEqual({ delivered: true })
    expect(mails).toMatchObject([{ isEncrypted: true, user: 'sp' }])
    const wrong = await send(port, 'x', { ...sign, password: async () => 'hunter3' })
    expect(wrong).toMatchObject({
      delivered: false,
      problem: `127.0.0.1:${port} refused with 535 at AUTH.`,
      isFinal: false,
    })
    expect(await send(port, 'x', { tls: 'starttls' })).toMatchObject({ delivered: false })
    expect(mails).toHaveLength(1)
  })

  test('is encrypted from the first byte where that is asked for', async () => {
    const { port, mails } = await server({ ...tls(), secure: true })
    const ca = async () => readFileSync(authority.file, 'utf8')
    expect(await send(port, 'x', { tls: 'tls', ca })).toEqual({ delivered: true })
    expect(mails).toMatchObject([{ isEncrypted: true }])
  })

  test('does not fall back to a server that cannot encrypt', async () => {
    const { port, mails } = await server()
    expect(await send(port, 'x', { tls: 'starttls' })).toMatchObject({ delivered: false, isFinal: false })
    expect(mails).toEqual([])
  })

  test('says what was refused, in codes only', async () => {
    const { port } = await server({
      onRcptTo: ({ address }, _, done) =>
        address.startsWith('no') ? done(Object.assign(new Error('the secret reason'), { responseCode: 550 })) : done(),
    })
    expect(await send(port, 'x', { to: ['no@guard.example'] })).toEqual({
      delivered: false,
      problem: `127.0.0.1:${port} refused with 550 at RCPT.`,
      isFinal: true,
    })
    expect(await send(port, 'x', { to: ['no@guard.example', 'dba@guard.example'] })).toEqual({
      delivered: true,
      problem: `127.0.0.1:${port} refused 1 of 2 recipients.`,
    })
  })

  test('ends when it is told to, while the server says nothing', async () => {
    const silent: Server = createServer()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const address = Object(silent.address())
    const came = new Promise<void>((resolve) => silent.once('connection', () => resolve()))
    const stop = new AbortController()
    const options = {
      host: '127.0.0.1',
      port: address.port,
      tls: 'none',
      from: 'a@b.example',
      to: ['c@d.example'],
    } as const
    const sending = email(options, home)(message('x'), stop.signal)
    await came
    stop.abort()
    expect(await sending).toMatchObject({ delivered: false, isFinal: false })
    await new Promise((resolve) => silent.close(resolve))
  })
})
