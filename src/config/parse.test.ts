import { describe, expect, it } from 'vitest'
import { formatDiagnostics, SallyportError } from '../errors/index.ts'
import { parseConfig } from './parse.ts'

const door = `doors:
  - name: shop-db
    protocol: postgres
    listen: 127.0.0.1:6432
    upstream: postgres://127.0.0.1:5432
`

function problems(text: string, environment: Record<string, string> = {}): string {
  try {
    parseConfig(text, 's.yaml', environment)
  } catch (thrown) {
    if (!(thrown instanceof SallyportError)) throw thrown
    expect(thrown.code).toBe('config_invalid')
    return formatDiagnostics(thrown.diagnostics, () => text)
  }
  return 'no problems'
}

describe('a configuration that loads', () => {
  it('needs one door and no more; everything else has a safe default', () => {
    expect(parseConfig(door, '/etc/sallyport/s.yaml', {})).toEqual({
      listen: { host: '127.0.0.1', port: 7070 },
      data: '/etc/sallyport/data',
      rules: ['/etc/sallyport/rules'],
      rulesReview: { approvals: 0, groups: [] },
      doors: [
        {
          name: 'shop-db',
          protocol: 'postgres',
          listen: { host: '127.0.0.1', port: 6432 },
          upstream: { host: '127.0.0.1', port: 5432 },
          environment: 'production',
          system: '127.0.0.1:5432',
          unknown: 'hold',
          hold: { wait: 600_000 },
          record: 'batched',
          sample: 5,
          commitGate: true,
          limits: { connections: 1_000, messageBytes: 16_777_216, startupTimeout: 30_000 },
        },
      ],
      ledger: { anchors: { files: [], webhooks: [] }, witnesses: [] },
      breakGlass: { groups: [] },
      passkeys: { ask: 'registered', severity: 'high' },
      changes: { issuers: [], approvals: 1, from: [], longest: 86_400_000 },
      notify: [],
      allowInsecureListen: false,
      log: { level: 'info' },
    })
  })

  it('takes rules from git, and no address or branch that git would take for an option', () => {
    const parse = (git: string) => parseConfig(`${door}\nrulesGit: ${git}\n`, '/etc/sallyport/s.yaml', {})
    expect(parse('{ url: "ssh://git@example.com/rules", folder: rules/ }').rulesGit).toEqual({
      url: 'ssh://git@example.com/rules',
      branch: 'main',
      folder: 'rules',
      every: 30_000,
    })
    for (const wrong of ['{ url: "--upload-pack=x" }', '{ url: x, branch: -x }', '{ url: x, folder: ../x }']) {
      expect(() => parse(wrong)).toThrow()
    }
  })

  it('reads IPv6 addresses, a wait of 0s, names in the upstream without a port, and absolute paths', () => {
    const config = parseConfig(
      `listen: "[::1]:7070"
data: /var/lib/sallyport
publicUrl: https://guard.example.com/
doors:
  - { name: a, protocol: postgres, listen: '127.0.0.1:0', upstream: 'postgresql://db.internal', hold: { wait: 0s } }
  - { name: b, protocol: postgres, listen: '127.0.0.1:0', upstream: 'postgres://[fd00::5]:5433/' }
`,
      '/etc/s.yaml',
      {},
    )
    expect(config.listen).toEqual({ host: '::1', port: 7070 })
    expect(config.data).toBe('/var/lib/sallyport')
    expect(config.publicUrl).toBe('https://guard.example.com')
    expect(config.doors[0]?.hold.wait).toBe(0)
    expect(config.doors[0]?.upstream).toEqual({ host: 'db.internal', port: 5432 })
    expect(config.doors[1]?.upstream).toEqual({ host: 'fd00::5', port: 5433 })
    expect(config.doors[1]?.system).toBe('[fd00::5]:5433')
  })

  it('puts environment variables into texts, and leaves an escaped reference alone', () => {
    const text = `data: "\${STATE}/x-$\${STATE}"\n${door}`
    expect(parseConfig(text, '/s.yaml', { STATE: '/var/state' }).data).toBe(`/var/state/x-\${STATE}`)
  })
})

describe('a configuration that does not load', () => {
  it('points at an unknown key and says what may have been meant', () => {
    expect(problems(`${door}    enviroment: staging\n`)).toBe(
      `s.yaml:6:5: error: unknown key "enviroment" in doors[0]
      enviroment: staging
      ^^^^^^^^^^
  did you mean environment?`,
    )
  })

  it('points at every error at once', () => {
    const found = problems(
      `listen: 7070\n${door}    unknown: permit\n    hold: { wait: soon }\n    limits: { connections: 0 }\n`,
    )
    expect(found).toContain('s.yaml:1:9: error: listen must be a text, not the number 7070')
    expect(found).toContain('s.yaml:7:14: error: doors[0].unknown is "permit", which is not one of: allow, flag, hold')
    expect(found).toContain('s.yaml:8:19: error: doors[0].hold.wait: "soon" is not a duration')
    expect(found).toContain('s.yaml:9:28: error: doors[0].limits.connections must be at least 1')
  })

  it('says that doors are missing, and what is missing in a door', () => {
    expect(problems('listen: 127.0.0.1:1\n')).toContain('the configuration has no doors')
    expect(problems('doors: []\n')).toContain('s.yaml:1:8: error: doors is empty')
    expect(problems('')).toContain('s.yaml:1:1: error: the file is empty')
    expect(problems('doors:\n  - name: a\n    protocol: postgres\n    listen: 127.0.0.1:1\n')).toContain(
      's.yaml:2:5: error: doors[0] has no upstream',
    )
  })

  it.each(['127.0.0.1', ':7070', '127.0.0.1:70700', '300.0.0.1:7070', '::1:7070', 'http://127.0.0.1:7070', '"[zz]:1"'])(
    'refuses %s as an address to listen on',
    (address) => {
      expect(problems(`listen: ${address}\n${door}`)).toMatch(/^s\.yaml:1:9: error: listen: ".*" is not an address/)
    },
  )

  it.each(['10', '1 m', '-5s', '1.5h', '2w'])('refuses %s as a duration', (text) => {
    expect(problems(`${door}    hold: { wait: "${text}" }\n`)).toContain('is not a duration')
  })

  it('refuses a wait longer than a timer can run', () => {
    expect(problems(`${door}    hold: { wait: 25d }\n`)).toContain('s.yaml:6:19: error: doors[0].hold.wait: 25d is out')
  })

  it('refuses credentials in an upstream without repeating them', () => {
    const found = problems(door.replace('//127', '//admin:hunter2@127'))
    expect(found.split('\n')[0]).toBe(
      's.yaml:5:15: error: doors[0].upstream: an upstream takes no user and no password',
    )
    expect(found).toContain("each client's own credentials pass through")
    expect(problems(door.replace('//127', `//\${PW}@127`), { PW: 'hunter2' })).not.toContain('hunter2')
  })

  it('refuses a database, parameters and another protocol in an upstream', () => {
    expect(problems(door.replace(':5432', ':5432/shop'))).toContain('takes no database')
    expect(problems(door.replace(':5432', ':5432?sslmode=disable'))).toContain('takes no database and no parameters')
    expect(problems(door.replace('postgres://', 'mysql://'))).toContain('not the address of a PostgreSQL server')
    expect(problems(door.replace('127.0.0.1:5432', ''))).toContain('no usable host and port')
  })

  it('refuses two doors of one name', () => {
    const second = door.replace('doors:\n', '').replace('6432', '6433')
    expect(problems(door + second)).toMatch(/^s\.yaml:6:11: error: the door name shop-db is taken by doors\[0\]/)
  })

  it('refuses two listeners on one address, also written differently', () => {
    expect(problems(`listen: 127.0.0.1:6432\n${door}`)).toContain(
      's.yaml:5:13: error: 127.0.0.1:6432 is taken by listen (127.0.0.1:6432)',
    )
    expect(problems(`listen: localhost:6432\n${door}`)).toContain('is taken by listen (localhost:6432)')
    expect(problems(`allowInsecureListen: true\nlisten: 0.0.0.0:6432\n${door}`)).toContain('is taken by listen')
  })

  it('refuses a door whose upstream is a listener of its own', () => {
    expect(problems(door.replace('5432', '6432'))).toContain('s.yaml:5:15: error: the upstream of shop-db is Sallyport')
  })

  it('refuses to be reachable from other machines unless told to', () => {
    for (const host of ['0.0.0.0', '10.1.2.3', '"[::]', 'db.example.com']) {
      const address = host.startsWith('"') ? `${host}:7070"` : `${host}:7070`
      expect(problems(`listen: ${address}\n${door}`)).toContain('is not encrypted (no TLS)')
      expect(problems(`allowInsecureListen: true\nlisten: ${address}\n${door}`)).toBe('no problems')
    }
    expect(problems(`listen: 127.9.9.9:7070\n${door}`)).toBe('no problems')
    expect(problems(door.replace('127.0.0.1:6432', '0.0.0.0:6432'))).toMatch(/^s\.yaml:4:13: .*other machines/)
  })

  it('points at a variable that is not set', () => {
    expect(problems(`data: /var/\${STAET}\n${door}`, { STAETS: '/x' })).toBe(
      `s.yaml:1:12: error: the environment variable STAET is not set
  data: /var/\${STAET}
             ^^^^^^^^
  set it before starting; did you mean STAETS?`,
    )
    expect(problems(`data: "\${1x}"\n${door}`)).toContain(`s.yaml:1:8: error: \${1x} is not an environment variable`)
    expect(problems(`data: "\${STATE"\n${door}`, { STATE: 'x' })).toContain('is not an environment variable')
  })

  it('points at broken YAML, and says how to write an IPv6 address', () => {
    expect(problems('doors: [\n')).toMatch(/^s\.yaml:\d+:\d+: error: /)
    expect(problems(`listen: [::1]:7070\n${door}`)).toContain('put an IPv6 address in quotes')
    expect(problems(`listen: 127.0.0.1:1\nlisten: 127.0.0.1:2\n${door}`)).toMatch(/^s\.yaml:2:1: error: .*unique/i)
  })

  it('lets a door that requires TLS listen beyond this machine, and no other', () => {
    const encrypted = (tls: string) =>
      problems(
        `doors: [{ name: a, protocol: postgres, listen: 0.0.0.0:6432, upstream: 'postgres://127.0.0.1', tls: ${tls} }]`,
      )
    expect(encrypted('{ cert: a.crt, key: a.key }')).toBe('no problems')
    expect(encrypted('{ cert: a.crt, key: a.key, required: false }')).toContain('give the door a certificate')
    expect(encrypted('{ cert: a.crt, key: a.key, requireClientCert: true }')).toContain('give clientCa too')
  })

  it('finds the files of TLS from the folder of the configuration, and verifies the server in full', () => {
    const text = `doors: [{ name: a, protocol: postgres, listen: 127.0.0.1:6432, upstream: 'postgres://db', tls: { cert: a.crt, key: /k/a.key }, upstreamTls: { ca: ca.crt } }]`
    const [door] = parseConfig(text, '/etc/sallyport/s.yaml', {}).doors
    expect(door?.tls).toMatchObject({ cert: '/etc/sallyport/a.crt', key: '/k/a.key', required: true })
    expect(door?.upstreamTls).toMatchObject({ mode: 'verify-full', ca: '/etc/sallyport/ca.crt' })
    const half = text.replace('{ ca: ca.crt }', '{ key: b.key }')
    expect(problems(half)).toContain('a certificate needs its key')
  })
})
