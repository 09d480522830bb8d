import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runLine as run } from '../../test/support/cli.ts'
import { completeAction } from '../action/index.ts'
import { nodeFiles, openFileLedger, signingKey, TransparencyLog } from '../ledger/index.ts'

const token = { SALLYPORT_TOKEN: 'sp_secret' }

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-cli-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const rule = (condition: string, expected = 'hold') => `version: 1
rules:
  - id: no-where
    about: A delete that nothing limits needs a second pair of eyes
    when: '${condition}'
    then: hold
    tests:
      - { name: unbounded, expect: ${expected}, action: { effects: [delete], impact: { bounded: false } } }
`
const good = rule('"delete" in effects && !impact.bounded')

describe('the command line', () => {
  it('helps, tells its version, and refuses what it does not know with exit code 2', async () => {
    expect((await run(['--help'])).out).toContain('Usage: sallyport')
    expect((await run(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/)
    const unknown = await run(['sreve'])
    expect(unknown.code).toBe(2)
    expect(unknown.err).toContain('Did you mean serve?')
    expect((await run(['holds', 'reject', 'h1'])).code).toBe(2)
  })

  it('explains how to write a configuration where there is none', async () => {
    const { code, err } = await run(['serve', '-c', join(folder, 'none.yaml')])
    expect(code).toBe(1)
    expect(err).toContain(`There is no configuration file ${join(folder, 'none.yaml')}.`)
    expect(err).toContain('npm start')
    expect(err).not.toContain('    at ')
  })

  it('prints a wrong configuration with line and caret, and exits with 2', async () => {
    const path = file('wrong.yaml', 'doors: []\n')
    const { code, err } = await run(['serve', '-c', path])
    expect(code).toBe(2)
    expect(err).toContain(`${path}:1:8: error: doors is empty\n  doors: []\n         ^^`)
  })

  it('shows stacks only where DEBUG is set', async () => {
    expect((await run(['holds', 'list'], { env: token })).err).not.toContain('    at ')
    expect((await run(['holds', 'list'], { env: { ...token, DEBUG: '1' } })).err).toContain('    at ')
  })
})

describe('rules check and rules test', () => {
  it('say how many rules load, and exit with 0', async () => {
    const { code, out } = await run(['rules', 'check', file('good.yaml', good)])
    expect(out).toMatch(/^1 rule in 1 file, 1 test passed\. Rule set [0-9a-f]{12}\n$/)
    expect(code).toBe(0)
  })

  it('point at an error and exit with 3', async () => {
    const { code, err } = await run(['rules', 'check', file('typo.yaml', rule('impct.rows > 1'))])
    expect(code).toBe(3)
    expect(err).toContain('typo.yaml:5:12: error:')
    expect(err).toContain('^')
  })

  it('print every test with its result, and exit with 3 where one fails', async () => {
    const passing = await run(['rules', 'test', file('good.yaml', good)])
    expect([passing.code, passing.out]).toEqual([0, 'passed  no-where: unbounded\n1 test passed, 0 failed\n'])
    const failing = await run(['rules', 'test', file('failing.yaml', rule('impact.bounded'))])
    expect(failing.code).toBe(3)
    expect(failing.out).toContain('FAILED  no-where: unbounded')
    expect(failing.out).toContain('0 tests passed, 1 failed')
    expect(JSON.parse((await run(['rules', 'test', '--json', join(folder, 'failing.yaml')])).out)).toMatchObject([
      { rule: 'no-where', expected: 'hold', got: 'allow', passed: false },
    ])
  })
})

describe('judge', () => {
  const judge = (stdin: string, rules = good) => run(['judge', '--rules', file('judge.yaml', rules)], { stdin })

  it('exits with the verdict: 0 allowed or flagged, 10 held, 11 blocked', async () => {
    const held = await judge('{"effects":["delete"],"impact":{"bounded":false}}')
    expect(held.code).toBe(10)
    expect(JSON.parse(held.out)).toMatchObject({
      outcome: 'hold',
      rule: { rule: 'no-where' },
      review: { approvals: 1 },
    })
    expect((await judge('{"effects":["delete"]}')).code).toBe(0)
    const always = (outcome: string) => `version: 1\nrules: [{ id: a, about: all, when: 'true', then: ${outcome} }]\n`
    expect((await judge('{}', always('flag'))).code).toBe(0)
    expect((await judge('{}', always('block'))).code).toBe(11)
  })

  it('refuses what is no action, saying where, with exit code 2', async () => {
    expect((await judge('DELETE')).code).toBe(2)
    const wrong = await judge('{"impact":{"rows":-1}}')
    expect([wrong.code, wrong.out]).toEqual([2, ''])
    expect(wrong.err).toContain('impact.rows')
    expect((await judge('{"efects":[]}')).err).toContain('efects')
  })

  it('exits with 3 where the rules do not load, never with a verdict', async () => {
    expect((await judge('{}', 'version: 1\nrules: []\n')).code).toBe(3)
    expect((await run(['judge', '--rules', join(folder, 'nowhere')], { stdin: '{}' })).code).toBe(3)
  })
})

const hold = {
  hold: 'h1',
  state: 'pending',
  openedAt: '2026-01-01T10:00:00.000Z',
  expiresAt: '2026-01-01T10:30:00.000Z',
  useBy: null,
  requester: { id: 'shop-db:alice', name: 'alice' },
  door: 'shop-db',
  target: { system: 'shop', environment: 'production', database: 'shop' },
  digest: 'ab'.repeat(32),
  ruleSet: '0123456789ab',
  rule: { id: 'mass-delete', about: 'Mass deletes need a second pair of eyes', message: 'About 2000 rows' },
  review: { approvals: 2, from: ['dba'] },
  actions: [
    completeAction({
      operation: 'DELETE',
      effects: ['delete'],
      resources: [{ name: 'public.orders' }],
      impact: { rows: 2000, bounded: false, cascades: [{ table: 'items', rows: 7 }] },
      request: {
        statement: `DELETE FROM orders\nWHERE note = $1 -- \x1b[8m${'x'.repeat(5_000)}END`,
        parameters: ['a\x1b[2Jb', null],
      },
    }),
  ],
  votes: [{ by: 'bob', decision: 'approve', reason: 'fine\x07', at: '2026-01-01T10:01:00.000Z' }],
  closed: null,
  waiting: true,
  missing: { approvals: 1, from: ['dba'] },
  mayVote: { allowed: false, reason: 'You asked for it yourself.' },
}

describe('holds', () => {
  const json = (value: unknown, status = 200) => ({ env: token, answer: () => Response.json(value, { status }) })

  it('lists what waits, as a table and as JSON', async () => {
    const { out, requests, code } = await run(['holds', 'list'], json({ holds: [hold] }))
    expect(code).toBe(0)
    expect(requests[0]?.url).toBe('http://127.0.0.1:7070/api/holds?state=pending')
    expect(new Headers(requests[0]?.init.headers).get('authorization')).toBe('Bearer sp_secret')
    expect(out).toMatch(/^HOLD +STATE/)
    expect(out).toMatch(
      /h1 +pending +alice +shop-db +DELETE +about 2000 rows; nothing limits which rows; .*mass-delete +1 approval from dba/,
    )
    expect(JSON.parse((await run(['holds', 'list', '--json'], json({ holds: [hold] }))).out)).toEqual({ holds: [hold] })
    expect((await run(['holds', 'list'], json({ holds: [] }))).out).toBe('Nothing waits for review.\n')
  })

  it('shows the statement complete, its parameters, the rule, the impact, the votes and what is missing', async () => {
    const { out } = await run(['holds', 'show', 'h1'], json(hold))
    expect(out).toContain('    DELETE FROM orders\n    WHERE note = $1 -- \\u{1b}[8mxxx')
    expect(out).toContain('xxxEND')
    expect(out).toContain('$1 = "a\\u001b[2Jb"')
    expect(out).toContain('$2 = null')
    expect(out).toContain('mass-delete: Mass deletes need a second pair of eyes (rule set 0123456789ab)')
    expect(out).toContain('about 2000 rows; nothing limits which rows; cascades to 7 in items')
    expect(out).toContain('bob: approve: fine\\u{7}')
    expect(out).toMatch(/missing +1 approval from dba/)
    expect(out).toContain('may not decide: You asked for it yourself.')
    expect(out).not.toContain('\x1b')
    expect(out).not.toContain('\x07')
  })

  it('approves and rejects with a reason, at the address and with the token given', async () => {
    const args = [
      'holds',
      'approve',
      'h/1',
      '--reason',
      'agreed',
      '--url',
      'https://guard.example/',
      '--token',
      'sp_mine',
    ]
    const approved = await run(args, json({ ...hold, state: 'approved' }))
    expect(approved.out).toBe('h1 is approved\n')
    const [request] = approved.requests
    expect(request?.url).toBe('https://guard.example/api/holds/h%2F1/votes')
    expect(request?.init.body).toBe('{"decision":"approve","reason":"agreed"}')
    expect(new Headers(request?.init.headers).get('authorization')).toBe('Bearer sp_mine')
    const rejected = await run(['holds', 'reject', 'h1', '--reason', 'no'], json({ ...hold, state: 'rejected' }))
    expect(rejected.requests[0]?.init.body).toBe('{"decision":"reject","reason":"no"}')
  })

  it("passes on the server's refusal and its hint, and exits with 1", async () => {
    const error = { code: 'forbidden', message: 'Nobody approves their own \x1baction.', hint: 'Ask a colleague.' }
    const { code, err, out } = await run(['holds', 'approve', 'h1'], json({ error }, 403))
    expect([code, out]).toEqual([1, ''])
    expect(err).toBe('sallyport: Nobody approves their own \\u{1b}action.\nAsk a colleague.\n')
  })

  it('says what to do without a token, without a server, and with something else at the address', async () => {
    const without = await run(['holds', 'list'])
    expect([without.code, without.requests]).toEqual([1, []])
    expect(without.err).toContain('SALLYPORT_TOKEN')
    expect((await run(['holds', 'list'], { env: token })).err).toContain('does not answer at http://127.0.0.1:7070')
    const page = await run(['holds', 'list'], { env: token, answer: () => new Response('<html>') })
    expect(page.err).toContain('not a Sallyport API')
    expect((await run(['holds', 'list'], json({ holds: [{}] }))).err).toContain('another shape')
  })
})

/** Replaces some bytes by as many others, wherever they stand below a folder. */
function alter(below: string, from: string, to: string): void {
  for (const { parentPath, name } of readdirSync(below, { recursive: true, withFileTypes: true })) {
    const path = join(parentPath, name)
    if (!statSync(path).isFile()) continue
    const bytes = readFileSync(path)
    const place = bytes.indexOf(from)
    if (place >= 0) {
      bytes.write(to, place)
      writeFileSync(path, bytes)
    }
  }
}

describe('ledger', () => {
  it('lists and verifies the record, and exits with 4 where it was altered', async () => {
    const data = mkdtempSync(join(folder, 'data-'))
    const ledger = await openFileLedger({ directory: join(data, 'ledger') })
    await ledger.append('door.closed', { door: 'shop\x1b-db' }).durable
    await ledger.append('server.stopped', { reason: 'over' }).durable
    await ledger.close()

    const listed = await run(['ledger', 'list', '--data', data])
    expect(listed.out).toMatch(/^0 \S+ door\.closed +\{"door":"shop\\u001b-db"\}\n1 \S+ server\.stopped/)
    const lines = (await run(['ledger', 'list', '--data', data, '--json'])).out.trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).kind)).toEqual(['door.closed', 'server.stopped'])
    const verified = await run(['ledger', 'verify', '--data', data])
    expect(verified.out).toMatch(/^intact: 2 entries in 1 segments, no checkpoint, head \w+/)
    expect(verified.code).toBe(0)

    alter(data, '"over"', '"OVER"')
    const altered = await run(['ledger', 'verify', '--data', data])
    expect(altered.out).toMatch(/^NOT INTACT: [\s\S]*\naltered: .* entry 1: /)
    expect(altered.code).toBe(4)
    expect(JSON.parse((await run(['ledger', 'verify', '--data', data, '--json'])).out).ok).toBe(false)
  })

  it('proves an entry to whoever has the key, and holds the log to checkpoints kept elsewhere', async () => {
    const data = mkdtempSync(join(folder, 'data-'))
    const directory = join(data, 'ledger')
    const publish = async (door: string) => {
      const ledger = await openFileLedger({ directory })
      await ledger.append('door.closed', { door }).durable
      const signer = await signingKey(nodeFiles, directory)
      const log = await TransparencyLog.open({ files: nodeFiles, directory, entries: ledger, signer })
      await log.close()
      await ledger.close()
    }
    await publish('one')
    await publish('two')
    const key = (await run(['ledger', 'key', '--data', data])).out.trim()
    expect(key).toMatch(/^sallyport\/[0-9a-f]{12}\+[0-9a-f]{8}\+\S+$/)
    const proof = join(folder, 'proof')
    expect((await run(['ledger', 'prove', '1', '--data', data, '-o', proof])).code).toBe(0)
    const proved = await run(['ledger', 'verify-proof', proof, '--key', key])
    expect(proved).toMatchObject({ code: 0, out: expect.stringMatching(/^proved: entry 1 of 2 [\s\S]*"door":"two"/) })
    writeFileSync(proof, readFileSync(proof, 'utf8').replace('index 1', 'index 0'))
    expect(await run(['ledger', 'verify-proof', proof, '--key', key])).toMatchObject({ code: 4 })
    expect(await run(['ledger', 'prove', '2', '--data', data])).toMatchObject({ code: 1 })
    expect(await run(['ledger', 'prove', 'x', '--data', data])).toMatchObject({ code: 2 })

    const kept = join(folder, 'kept')
    const old = mkdtempSync(join(folder, 'old-'))
    cpSync(data, old, { recursive: true })
    await publish('three')
    writeFileSync(kept, readFileSync(join(directory, 'checkpoint')))
    const verify = (where: string) => run(['ledger', 'verify', '--data', where, '--key', key, '--against', kept])
    expect(await verify(data)).toMatchObject({ code: 0, out: expect.stringContaining('checkpoint at 3') })
    expect(await verify(old)).toMatchObject({ code: 5, out: expect.stringContaining('truncated: ') })
  })

  it('says where it looked when there is no record', async () => {
    const { code, err } = await run(['ledger', 'verify', '--data', join(folder, 'nothing')])
    expect(code).toBe(1)
    expect(err).toContain(join(folder, 'nothing', 'ledger'))
  })
})

describe('schema', () => {
  it.each(['action', 'rules', 'config'])('prints a JSON Schema that compiles: %s', async (what) => {
    const { out, code } = await run(['schema', what])
    expect(code).toBe(0)
    expect(() => new Ajv2020({ strict: false }).compile(JSON.parse(out))).not.toThrow()
  })
})

describe('classify postgres', () => {
  const classify = (sql: string, ...options: string[]) => run(['classify', 'postgres', ...options], { stdin: sql })

  it('prints one action for each statement and exits with 0', async () => {
    const { code, out } = await classify('DELETE FROM orders; SELECT * FROM orders')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject([
      { operation: 'DELETE', effects: ['delete'], impact: { bounded: false, rows: null } },
      { effects: ['read'] },
    ])
    const lines = (await classify('DELETE FROM orders; SELECT * FROM orders', '--lines', '--server-version', '15')).out
      .trim()
      .split('\n')
    expect(lines).toHaveLength(2)
  })

  it('exits with 12 for what it cannot understand, and with 2 for no SQL at all or an odd version', async () => {
    const odd = await classify('DELETE FORM orders')
    expect(odd.code).toBe(12)
    expect(JSON.parse(odd.out)).toMatchObject([{ effects: expect.arrayContaining(['unknown']) }])
    expect((await classify('  \n')).code).toBe(2)
    expect((await classify('SELECT 1', '--server-version', 'latest')).code).toBe(2)
  })
})
