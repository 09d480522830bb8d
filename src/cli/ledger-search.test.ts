import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MemoryLedger } from '../../test/support/memory-ledger.ts'
import { type TestApi, testApi } from '../../test/support/test-api.ts'
import { completeAction } from '../action/index.ts'
import { type Ledger, openFileLedger } from '../ledger/index.ts'
import { runCli } from './program.ts'
import { apiSource, fileSource, tail } from './tail.ts'

let data: string
let api: TestApi

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'sallyport-cli-'))
  api = await testApi()
})
afterEach(() => rmSync(data, { recursive: true, force: true }))

async function run(...args: string[]) {
  let out = ''
  let err = ''
  const code = await runCli(args, {
    stdin: (async function* () {})(),
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    env: { SALLYPORT_TOKEN: api.tokens.get('vera')?.token, SALLYPORT_URL: 'http://guard.example' },
    fetch: async (input, init) => api.app.request(String(input).replace('http://guard.example', ''), init),
    color: false,
  })
  return { code, out, err }
}

async function fill(ledger: Ledger, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) {
    const effect = i % 2 === 0 ? 'read' : 'delete'
    const action = completeAction({ id: `a${i}`, effects: [effect], request: { statement: `${effect} ${i}` } })
    ledger.append('action.requested', { action, judged: null })
    ledger.append('action.settled', { action: `a${i}`, outcome: 'completed', rows: i })
  }
  await ledger.flush()
}

async function filled(from: number, to: number): Promise<void> {
  const ledger = await openFileLedger({ directory: join(data, 'ledger') })
  await fill(ledger, from, to)
  await ledger.close()
}

describe('ledger search', () => {
  test('prints what fits as a table, and how to get more', async () => {
    await fill(api.ledger, 0, 6)
    const { code, out, err } = await run('ledger', 'search', '--effect', 'delete', 'grant', '--limit', '2')
    expect(code).toBe(0)
    expect(out.split('\n')).toHaveLength(4)
    expect(out).toContain('delete 5')
    expect(out).toContain('delete 3')
    const before = /--before (\d+)/.exec(err)?.[1] ?? ''
    expect((await run('ledger', 'search', '--effect', 'delete', '--before', before)).out).toContain('delete 1')
    expect((await run('ledger', 'search', '--actor', 'x y')).out).toBe('No action fits.\n')
    expect(JSON.parse((await run('ledger', 'search', '--json', '--text', 'read')).out).actions).toHaveLength(3)
  })

  test('says which filter is wrong', async () => {
    const { code, err } = await run('ledger', 'search', '--effect', 'smash')
    expect([code, err]).toEqual([2, expect.stringContaining('--effect')])
    expect((await run('ledger', 'search', '--since', 'yesterday')).code).toBe(2)
  })
})

describe('ledger tail', () => {
  test('prints the last entries, through the API and from the files', async () => {
    await fill(api.ledger, 0, 600)
    const { out } = await run('ledger', 'tail', '-n', '3', '--json')
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).body.rows ?? null),
    ).toEqual([598, null, 599])
    await filled(0, 3)
    expect((await run('ledger', 'tail', '--data', data, '-n', '2')).out).toMatch(/a2.*\n.*a2 completed, 2 rows\n$/)
    expect((await run('ledger', 'tail', '-n', 'many')).code).toBe(2)
  })

  test('that follows prints each entry once, however many come between two looks', async () => {
    await filled(0, 2)
    const rounds = [3, 3, 5]
    const seen: number[] = []
    const wait = async () => {
      const to = rounds.shift()
      if (to === undefined) throw new Error('stop')
      await filled(to, to + 1)
    }
    const follow = async () => {
      for await (const { index } of tail(fileSource(join(data, 'ledger')), 2, wait)) seen.push(index)
    }
    await expect(follow()).rejects.toThrow('stop')
    expect(seen).toEqual([2, 3, 4, 5, 6, 7, 8, 9])
    const ledger = new MemoryLedger()
    const none = apiSource({
      get: async () => ({ size: 0, entries: [], next: null }),
      post: async () => null,
      remove: async () => null,
    })
    for await (const _ of tail(none, 5)) throw new Error('there is nothing')
    await ledger.close()
  })
})

describe('ledger export', () => {
  const lines = (text: string) =>
    text
      .trim()
      .split('\n')
      .filter((line) => line !== '')

  test('writes every format, filtered', async () => {
    await filled(0, 4)
    const ocsf = await run('ledger', 'export', '--format', 'ocsf', '--data', data)
    expect(lines(ocsf.out).map((line) => JSON.parse(line).metadata.sequence)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    const jsonl = await run('ledger', 'export', '--format', 'jsonl', '--data', data, '--effect', 'delete')
    expect(lines(jsonl.out).map((line) => JSON.parse(line).index)).toEqual([2, 3, 6, 7])
    expect(lines((await run('ledger', 'export', '--format', 'csv', '--data', data)).out)).toHaveLength(9)
    expect((await run('ledger', 'export', '--format', 'xml', '--data', data)).code).toBe(2)
  })

  test('with a cursor writes only what is new, and refuses a file that is none', async () => {
    const cursor = join(data, 'cursor')
    const once = () => run('ledger', 'export', '--format', 'csv', '--data', data, '--cursor', cursor)
    await filled(0, 2)
    expect(lines((await once()).out)).toHaveLength(5)
    expect((await once()).out).toBe('')
    await filled(2, 3)
    expect(lines((await once()).out).map((line) => line.split(',')[0])).toEqual(['4', '5'])
    expect(JSON.parse(readFileSync(cursor, 'utf8'))).toEqual({ next: 6, readFrom: 6 })
    writeFileSync(cursor, 'something else')
    expect((await once()).code).toBe(2)
  })
})
