import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Rulebook } from '../src/rulebook/index.ts'
import { type Guard, startGuard } from './support/guard.ts'
import { MemoryLedger } from './support/memory-ledger.ts'
import { availablePostgres, startTestPostgres, type TestPostgres } from './support/postgres.ts'

const text = (name: string) =>
  `version: 1\nrules:\n  - { id: rule-${name}, about: All, when: '"write" in effects', then: flag, message: by set ${name} }\n`

describe.each(
  availablePostgres()
    .slice(0, 1)
    .map((kind) => [kind.name, kind] as const),
)('rules switched under load, %s', (_name, kind) => {
  let postgres: TestPostgres
  let guard: Guard
  let rulebook: Rulebook
  let folder: string

  beforeAll(async () => {
    postgres = await startTestPostgres(kind)
    folder = await mkdtemp(join(tmpdir(), 'sallyport-switch-'))
    await writeFile(join(folder, 'r.yaml'), text('0'))
    const ledger = new MemoryLedger()
    guard = await startGuard(postgres, { ledger })
    rulebook = await Rulebook.open({
      ledger,
      paths: [folder],
      rescan: 0,
      onInForce: (now) => guard.use(now.judge),
      reviewer: () => undefined,
      isPerson: () => false,
    })
  }, 120_000)

  afterAll(async () => {
    await rulebook?.close()
    await guard?.close()
    await postgres?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  test('no connection is dropped, no action is judged by a mix, and the next action by the new rules', async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => guard.connect()))
    await clients[0]?.query('CREATE TABLE counted (id int PRIMARY KEY, n int)')
    await clients[0]?.query('INSERT INTO counted SELECT i, 0 FROM generate_series(0, 7) i')
    let switching = true
    let ran = 0
    const load = clients.map(async (client, i) => {
      while (switching) {
        // Two actions that pass or fall together: one verdict for both.
        await client.query(`UPDATE counted SET n = n + 1 WHERE id = ${i}; UPDATE counted SET n = n + 1 WHERE id = ${i}`)
        await client.query('UPDATE counted SET n = n + 1 WHERE id = $1', [i])
        ran += 3
      }
    })
    const versions = new Map([[rulebook.store.current().judge.version, '0']])
    const [first = ''] = versions.keys()
    for (let round = 1; round <= 40; round++) {
      const atLeast = ran + 20
      while (ran < atLeast) await new Promise((resolve) => setImmediate(resolve))
      const name = String(round)
      const change =
        round % 4 === 0
          ? await rulebook.rollback(first, 'ann', name)
          : await rulebook.load([{ file: 'r.yaml', text: text(name) }], 'ann', name)
      if (!versions.has(change.version)) versions.set(change.version, name)
      // A fresh action, once the switch is done, is judged by what was switched to.
      await clients[0]?.query('SELECT 1')
    }
    switching = false
    await Promise.all(load)

    // Nothing was dropped: each of the connections that were there still answers, and everything counted.
    const answers = await Promise.all(clients.map((client) => client.query('SELECT 1 AS ok')))
    expect(answers.map(({ rows }) => rows)).toEqual(clients.map(() => [{ ok: 1 }]))
    const total = await clients[0]?.query('SELECT sum(n)::int AS n FROM counted')
    expect(total?.rows).toEqual([{ n: ran }])

    const requested = await guard.entries('action.requested')
    const updates = requested.filter(({ body }) => body.action.operation === 'UPDATE')
    expect(updates.length).toBeGreaterThan(800)
    const used = new Set<string>()
    for (const { body } of updates) {
      const { ruleSet = '', rule, reason, matched } = body.judged ?? {}
      const name = versions.get(ruleSet)
      expect([rule, reason, matched]).toEqual([`rule-${name}`, `by set ${name}`, [`rule-${name}`]])
      used.add(ruleSet)
    }
    expect(used.size).toBeGreaterThan(20)

    // Those that stood in one message have one version, and no action asked for after a switch has an older one.
    const switches = (await guard.entries('rules.loaded')).map(({ index, body }) => ({ index, version: body.version }))
    for (const { index, body } of updates) {
      const inForce = switches.filter((one) => one.index < index).at(-1)?.version
      expect(body.judged?.ruleSet).toBe(inForce)
    }
    const pairs = new Map<string, string[]>()
    for (const { body } of updates) {
      if (String(body.action.request.statement).includes('$1')) continue
      const { session = '' } = body.action.actor.client
      pairs.set(session, [...(pairs.get(session) ?? []), body.judged?.ruleSet ?? ''])
    }
    expect(pairs.size).toBe(clients.length)
    for (const sets of pairs.values()) {
      for (let i = 0; i < sets.length; i += 2) expect(sets[i + 1]).toBe(sets[i])
    }
  }, 60_000)
})
