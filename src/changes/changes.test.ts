import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { MemoryLedger } from '../../test/support/memory-ledger.ts'
import { sha256Hex } from '../action/index.ts'
import type { ReviewAsked } from '../ledger/index.ts'
import { type ChangeRun, Changes, type FinalUse } from './index.ts'

const start = Date.parse('2030-01-01T00:00:00Z')
const digests = Array.from({ length: 4 }, (_, i) => sha256Hex(`statement ${i}`))
const anyone: ReviewAsked = { approvals: 1, from: [] }

let time = start
let ledger: MemoryLedger
let changes: Changes

function open(of: MemoryLedger, review: ReviewAsked = anyone): Promise<Changes> {
  return Changes.open({
    ledger: of,
    now: () => time,
    review,
    isRequester: (person, { id }) => id === `ci:${person}`,
    reviewer: (id) => {
      if (id === 'stranger') return undefined
      return { id, kind: id === 'bot' ? 'agent' : 'human', groups: [`of-${id}`], isReviewer: id !== 'vera' }
    },
  })
}

function ask(of: Changes, more: { repository?: string; statements?: readonly string[] } = {}) {
  return of.ask({
    title: 'Add a column',
    door: 'shop',
    database: 'shop',
    identity: {
      issuer: 'https://issuer.test',
      name: 'ci',
      subject: 's',
      repository: more.repository ?? 'acme/shop',
      ref: 'refs/heads/main',
      sha: 'a'.repeat(40),
      run: '1',
      actor: 'ci:dev',
    },
    statements: (more.statements ?? digests).map((digest) => ({ sql: '', digest, operation: 'ALTER', effects: [] })),
    lasts: 3_600_000,
  })
}

beforeEach(async () => {
  time = start
  ledger = new MemoryLedger({ now: () => time })
  changes = await open(ledger)
})

describe('a change is decided', () => {
  test.each([
    ['dev', 'they set off'],
    ['bot', 'Only people'],
    ['vera', 'role'],
    ['stranger', 'Nobody is known'],
  ])('not by %s (%s)', async (who, why) => {
    const { change } = await ask(changes)
    await expect(changes.approve(change, who, '')).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining(why),
    })
    await expect(changes.reject(change, who, '')).rejects.toMatchObject({ code: 'forbidden' })
    expect(changes.get(change)?.state).toBe('pending')
  })

  test('by as many as the configuration asks for, each counted once', async () => {
    changes = await open(ledger, { approvals: 2, from: ['of-ann', 'of-bea'] })
    const { change } = await ask(changes)
    await changes.approve(change, 'ann', '')
    await expect(changes.approve(change, 'ann', '')).rejects.toMatchObject({ code: 'forbidden' })
    await expect(changes.approve(change, 'cleo', '')).rejects.toMatchObject({ code: 'forbidden' })
    expect(changes.get(change)?.state).toBe('pending')
    await changes.approve(change, 'bea', '')
    expect(changes.get(change)?.state).toBe('approved')
  })

  test('not once it is over', async () => {
    const { change } = await ask(changes)
    const other = await ask(changes)
    await changes.reject(change, 'ann', 'no')
    await expect(changes.approve(change, 'bea', '')).rejects.toThrow('rejected already')
    await expect(changes.end(change, 'bea', '')).rejects.toThrow('rejected already')
    time += 3_600_000
    await expect(changes.approve(other.change, 'bea', '')).rejects.toThrow('expired already')
  })
})

test('the secret is kept as a digest only, and a restart knows it still', async () => {
  const { change, secret } = await ask(changes)
  expect(JSON.stringify(ledger.durableEntries)).not.toContain(secret)
  changes = await open(ledger)
  expect(changes.bySecret(secret)?.change).toBe(change)
  expect(changes.bySecret(`${secret}x`)).toBeUndefined()
})

test('a repository has only so many changes open', async () => {
  const opened = []
  for (let i = 0; i < 50; i++) opened.push(await ask(changes))
  await expect(ask(changes)).rejects.toMatchObject({ code: 'conflict' })
  await ask(changes, { repository: 'acme/other' })
  await changes.end(opened[0]?.change ?? '', 'ann', '')
  await ask(changes)
})

test('what cannot be recorded opens no change', async () => {
  ledger.fail()
  await expect(ask(changes)).rejects.toMatchObject({ code: 'ledger_unavailable' })
  expect(changes.list()).toEqual([])
})

/** What sessions may do, and what may happen to them. */
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('send' as const), by: fc.nat(2), what: fc.oneof(fc.nat(1), fc.nat(5)) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('commit', 'rollback', 'lose', 'begin'), by: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('done', 'fail'), by: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('restart', 'sync', 'end', 'wait'), by: fc.constant(0) }) },
)

/** A session as a door drives it, and what the target made of its statements. */
interface Session {
  run: ChangeRun
  /** Statements that ran in the open transaction; undefined: none is open. */
  transaction: number[] | undefined
  /** Sent, and their end not known. */
  final: { use: FinalUse; statements: number[] } | undefined
}

test('no statement becomes final twice, or out of order, and none of a stranger ever passes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      time = start
      const record = new MemoryLedger({ now: () => time, automatic: false })
      record.sync()
      let now = await open(record)
      const asked = ask(now)
      record.sync()
      const { change, secret } = await asked
      const approved = now.approve(change, 'ann', '')
      record.sync()
      await approved
      let isOver = false
      /** Statements that may have become final, in the order in which that was so. */
      const final: number[] = []
      let action = 0
      const enter = (by: number): ChangeRun => {
        // Session 2 is at another door.
        const run = now.enter(secret, { door: by === 2 ? 'other' : 'shop', database: 'shop' })
        if (run === undefined) throw new Error('the secret is not known')
        return run
      }
      const fresh = (by: number): Session => ({ run: enter(by), transaction: undefined, final: undefined })
      let sessions = [fresh(0), fresh(1), fresh(2)]
      const lose = (by: number) => {
        const session = sessions[by]
        if (session === undefined) return
        // Nobody saw the end of what was sent: it may be final.
        final.push(...(session.final?.statements ?? []))
        session.run.leave()
        sessions[by] = fresh(by)
      }

      for (const { do: what, by, ...more } of steps) {
        const session = sessions[by]
        if (session === undefined) continue
        const { run } = session
        if (what === 'restart') {
          record.sync()
          for (const one of sessions.keys()) lose(one)
          now.close()
          now = await open(record)
          sessions = [fresh(0), fresh(1), fresh(2)]
        } else if (what === 'sync') record.sync()
        else if (what === 'end') {
          const ended = now.end(change, 'ann', '').catch(() => undefined)
          record.sync()
          await ended
          isOver = true
        } else if (what === 'wait') {
          time += 3_600_000
          isOver = true
        } else if (what === 'lose') lose(by)
        else if (what === 'done' || what === 'fail') {
          if (session.final === undefined) continue
          const { use, statements } = session.final
          session.final = undefined
          if (what === 'done') {
            use.done()
            final.push(...statements)
          } else use.restore('failed')
        } else if (session.final !== undefined) {
          // A session sends nothing before it knows how the last unit ended.
        } else if (what === 'begin') session.transaction ??= []
        else if (what === 'rollback') {
          session.transaction = undefined
          run.rolledBack()
        } else if (what === 'commit') {
          if (session.transaction === undefined) continue
          const use = run.finish(run.match([undefined]), [`a${action++}`])
          if (use !== undefined) session.final = { use, statements: session.transaction }
          session.transaction = undefined
        } else if ('what' in more) {
          const statement = Number(more.what)
          const uses = run.match([digests[statement] ?? sha256Hex('of a stranger')])
          const verified = uses[0]?.change.verified === true
          const under = sessions.flatMap((one) => [...(one.transaction ?? []), ...(one.final?.statements ?? [])])
          const own = session.transaction ?? []
          // Only what is due, in one session at a time, at the door that the change is for.
          if (verified) expect([isOver, by, statement, under]).toEqual([false, by % 2, final.length + own.length, own])
          const ids = [`a${action++}`]
          if (session.transaction !== undefined) {
            run.begin(uses, ids)
            if (verified) session.transaction.push(statement)
          } else {
            const use = run.finish(uses, ids)
            expect(use !== undefined).toBe(verified)
            if (use !== undefined) session.final = { use, statements: [statement] }
          }
        }
        expect(final).toEqual(final.map((_, i) => i))
      }
      record.sync()
      const again = await open(record)
      const used = again.get(change)?.used.length ?? 0
      const unknown = sessions.flatMap((session) => session.final?.statements ?? [])
      if (!isOver) expect(used).toBe(final.length + unknown.length)
    }),
    { numRuns: 1_000 },
  )
})
