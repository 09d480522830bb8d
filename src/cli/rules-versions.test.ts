import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CliIo } from './io.ts'
import { runCli } from './program.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-cli-versions-'))
  writeFileSync(join(folder, 'r.yaml'), good)
  writeFileSync(join(folder, 'bad.yml'), good.replace('flag', 'flog'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const good = "version: 1\nrules:\n  - { id: r, about: R, when: 'true', then: flag }\n"

async function run(line: readonly string[], answer: unknown = {}) {
  let out = ''
  let err = ''
  const requests: { call: string; body: unknown }[] = []
  const io: CliIo = {
    stdin: (async function* () {})(),
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    env: { SALLYPORT_TOKEN: 'sp_x' },
    fetch: async (url, init = {}) => {
      const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined
      requests.push({ call: `${init.method} ${new URL(String(url)).pathname}`, body })
      return Response.json(answer)
    },
    color: false,
  }
  const code = await runCli(['rules', ...line], io)
  return { code, out, err, requests }
}

const said = (outcome: string, rule: string | null) => ({ outcome, rule })

describe('versions on the command line', () => {
  test('are listed with which is in force, and a word where the files hold another', async () => {
    const version = {
      version: 'aaaaaaaaaaaa',
      at: '2026-01-01',
      inForceAt: null,
      inForce: true,
      switched: { by: 'ann', reason: 'x' },
      files: [{ file: 'r' }],
    }
    const { out, code } = await run(['versions'], {
      inForce: 'aaaaaaaaaaaa',
      files: 'bbbbbbbbbbbb',
      versions: [version],
    })
    expect(code).toBe(0)
    expect(out).toMatch(/aaaaaaaaaaaa +2026-01-01 +now +ann +1/)
    expect(out).toContain('The files hold bbbbbbbbbbbb, which is not in force.')
  })

  test('are shown as they stand, without what a terminal would take for orders', async () => {
    const { out } = await run(['show', 'aaaaaaaaaaaa'], { texts: [{ file: 'r.yaml', text: 'a: 1\n# \u001b[2J\n' }] })
    expect(out).toContain('# r.yaml\na: 1\n')
    expect(out).not.toContain('\u001b')
  })

  test('are rolled back to with a reason, and not without', async () => {
    const back = await run(['rollback', 'aaaaaaaaaaaa', '--reason', 'bad'], {
      state: 'in-force',
      version: 'aaaaaaaaaaaa',
    })
    expect(back.out).toBe('aaaaaaaaaaaa is in force\n')
    expect(back.requests).toEqual([
      { call: 'POST /api/rules/rollback', body: { version: 'aaaaaaaaaaaa', reason: 'bad' } },
    ])
    expect((await run(['rollback', 'aaaaaaaaaaaa'])).requests).toEqual([])
  })

  test('are loaded from files, which say whom to ask where somebody has to accept', async () => {
    const change = { state: 'proposed', version: 'aaaaaaaaaaaa', proposal: 'p1' }
    const { out, requests } = await run(['load', join(folder, 'r.yaml'), '--reason', 'x'], change)
    expect(out).toContain('sallyport rules accept p1')
    expect(requests).toMatchObject([
      { call: 'POST /api/rules/versions', body: { files: [{ text: good }], reason: 'x' } },
    ])
  })

  test('that do not load are not sent, and the place of the error is shown', async () => {
    const { code, err, requests } = await run(['load', join(folder, 'bad.yml'), '--reason', 'x'])
    expect([code === 0, requests]).toEqual([false, []])
    expect(err).toContain('did you mean flag')
  })
})

describe('proposals on the command line', () => {
  const proposal = {
    proposal: 'p1',
    version: 'aaaaaaaaaaaa',
    origin: 'files',
    by: null,
    reason: '',
    at: '2026-01-01',
    state: 'accepted',
  }

  test('are listed, accepted and rejected', async () => {
    expect((await run(['proposals'], { proposals: [proposal] })).out).toContain('whoever changed the files')
    const { out, requests } = await run(['accept', 'p1', '--reason', 'fine'], proposal)
    expect(out).toBe('aaaaaaaaaaaa: you accepted it; the proposal is accepted\n')
    expect(requests).toEqual([
      { call: 'POST /api/rules/proposals/p1/votes', body: { decision: 'accept', reason: 'fine' } },
    ])
    expect((await run(['reject', 'p1'], proposal)).requests[0]?.body).toEqual({ decision: 'reject', reason: '' })
  })
})

describe('a candidate on the command line', () => {
  const report = {
    version: 'aaaaaaaaaaaa',
    by: 'ann',
    at: '2026-01-01',
    until: '2026-01-02',
    endedAt: null,
    judgements: 3,
    differently: 1,
    differences: [
      {
        was: said('allow', null),
        becomes: said('hold', 'mass'),
        judgements: 1,
        examples: [{ at: '2026-01-01', actor: 'shop:app', operation: 'DELETE', statement: 'DELETE FROM x' }],
      },
    ],
  }

  test('begins for a time', async () => {
    const before = Date.now()
    const { out, requests } = await run(['canary', join(folder, 'r.yaml'), '--for', '1h'], report)
    expect(out).toContain('aaaaaaaaaaaa is tried until')
    expect(requests).toMatchObject([{ call: 'POST /api/rules/canary', body: { files: [{ text: good }] } }])
    const until = Date.parse(Object(requests[0]?.body).until)
    expect(until - before).toBeGreaterThanOrEqual(3_600_000)
  })

  test('tells how it differs, by rule, and stops', async () => {
    const told = await run(['canary'], { canary: report })
    expect(told.out).toContain(
      '3 judgements, 1 differently\n\nallow → hold by mass: 1\n  2026-01-01 shop:app DELETE FROM x',
    )
    expect((await run(['canary', '--stop'], report)).requests).toEqual([
      { call: 'DELETE /api/rules/canary', body: undefined },
    ])
    expect((await run(['canary'], { canary: null })).out).toContain('No candidate')
  })

  test.each([[['canary', '/nowhere']], [['canary', '--for', '1h']], [['canary', '/nowhere', '--for', 'soon']]])(
    '%j is not understood',
    async (line) => {
      const { code, requests } = await run(line)
      expect([code === 0, requests]).toEqual([false, []])
    },
  )
})
