import { describe, expect, it } from 'vitest'
import { formatDiagnostics, SallyportError } from '../errors/index.ts'
import { severities } from '../rules/index.ts'
import { notifySeverities } from './notify-schema.ts'
import { parseConfig } from './parse.ts'

const start = `doors:
  - { name: shop-db, protocol: postgres, listen: 127.0.0.1:6432, upstream: "postgres://127.0.0.1:5432" }
notify:
`

function read(channels: string, environment: Record<string, string> = {}) {
  return parseConfig(`${start}${channels}\n`, '/etc/sallyport/s.yaml', environment).notify
}

function problems(channels: string, environment: Record<string, string> = {}): string {
  try {
    read(channels, environment)
  } catch (thrown) {
    if (!(thrown instanceof SallyportError)) throw thrown
    return formatDiagnostics(thrown.diagnostics)
  }
  return 'no problems'
}

describe('notify in the configuration', () => {
  it('names where secrets are, never the secrets themselves', () => {
    const channels = read(
      `  - { name: chat, kind: slack, urlEnv: SLACK, minSeverity: high, doors: [shop-db] }
  - { name: hook, kind: webhook, url: "https://hooks.example/x", secretFile: hook.key, perMinute: 0, remindAfter: 0s }
  - name: mail
    kind: email
    smtp: { host: mail.example.com, user: sp, passwordFile: mail.key, ca: ca.pem }
    from: sallyport@example.com
    to: [dba@example.com]`,
      { SLACK: 'https://hooks.slack.example/services/hunter2' },
    )
    expect(JSON.stringify(channels)).not.toContain('hunter2')
    expect(channels).toMatchObject([
      {
        kind: 'slack',
        url: { env: 'SLACK' },
        minSeverity: 'high',
        doors: ['shop-db'],
        perMinute: 20,
        remindAfter: 600_000,
      },
      { kind: 'webhook', url: 'https://hooks.example/x', secret: { file: '/etc/sallyport/hook.key' }, remindAfter: 0 },
      {
        kind: 'email',
        smtp: {
          host: 'mail.example.com',
          port: 587,
          tls: 'starttls',
          ca: '/etc/sallyport/ca.pem',
          password: { file: '/etc/sallyport/mail.key' },
        },
      },
    ])
    expect(channels[0]?.events).toContain('hold.opened')
    expect(channels[0]?.events).not.toContain('hold.withdrawn')
  })

  it.each([
    [
      '{ name: a, kind: slack, url: "https://hooks.example/x" }',
      'the address of slack is a secret: say urlEnv or urlFile',
    ],
    ['{ name: a, kind: slack }', 'notify[0] has no address'],
    ['{ name: a, kind: teams, urlEnv: MISSING }', 'the environment variable MISSING is not set'],
    ['{ name: a, kind: webhook, url: "https://x.example" }', 'notify[0] has no signing secret'],
    [
      '{ name: a, kind: webhook, url: "https://x.example", urlFile: f, secretFile: f }',
      'has the address in two places',
    ],
    [
      '{ name: a, kind: webhook, url: "https://x.example", secretFile: f, secretEnv: E }',
      'has the signing secret in two places',
    ],
    [
      '{ name: a, kind: webhook, url: "https://x.example", secretFile: f, to: [a@b.example] }',
      'has to, which is not for webhook',
    ],
    ['{ name: a, kind: email }', 'notify[0] has no mail server'],
    [
      '{ name: a, kind: email, from: a@b.example, to: [a@b.example], smtp: { host: h, tls: none, user: u, passwordFile: f } }',
      'in the clear',
    ],
    ['{ name: a, kind: email, from: a@b.example, to: [a@b.example], smtp: { host: h, user: u } }', 'half of a sign-in'],
    [
      '{ name: a, kind: email, from: "a@b.example\\r\\nBcc: x@y.example", to: [a@b.example], smtp: { host: h } }',
      'a mail address alone',
    ],
    [
      '{ name: a, kind: email, from: a@b.example, to: ["Eve <e@b.example>"], smtp: { host: h } }',
      'a mail address alone',
    ],
    ['{ name: a, kind: slack, urlFile: f, doors: [shop-bd] }', 'did you mean shop-db?'],
    ['{ name: a, kind: slack, urlFile: f, events: [hold.open] }', 'did you mean hold.opened?'],
    ['{ name: A b, kind: slack, urlFile: f }', 'is not a name for a channel'],
  ])('refuses %s', (channel, said) => {
    expect(problems(`  - ${channel}`, { E: 'x' })).toContain(said)
  })

  it('refuses two channels of one name', () => {
    const channel = '  - { name: a, kind: slack, urlFile: f }'
    expect(problems(`${channel}\n${channel}`)).toContain('the name a, which is taken')
  })

  it('knows the severities that rules know', () => {
    expect(notifySeverities).toEqual(severities)
  })
})
