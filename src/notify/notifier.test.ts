import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { MemoryLedger } from '../../test/support/memory-ledger.ts'
import { BreakGlass, Holds, type Reviewer } from '../holds/index.ts'
import { Locks } from '../locks/index.ts'
import type { Channel, Send } from './channel.ts'
import type { NoticeType } from './notice.ts'
import { Notifier } from './notifier.ts'
import { Told } from './told.ts'

const everything: readonly NoticeType[] = [
  'hold.opened',
  'hold.approved',
  'hold.rejected',
  'hold.expired',
  'hold.withdrawn',
  'hold.escalated',
  'hold.forced',
  'change.opened',
  'lock.put',
  'lock.lifted',
  'record.failed',
]

/** The start of the test, by the clock that `vi` sets. */
const start = Date.parse('2026-01-01T00:00:00.000Z')
const minute = 60_000

let folder: string
let ledger: MemoryLedger
let holds: Holds
let locks: Locks
let log: string[]
const open: Notifier[] = []

beforeEach(async () => {
  // Files are still read and written by the real event loop.
  vi.useFakeTimers({ now: start, toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  folder = await mkdtemp(join(tmpdir(), 'sallyport-notify-'))
  ledger = new MemoryLedger()
  const reviewer = (id: string): Reviewer => ({ id, kind: 'human', groups: ['dba', 'oncall'], isReviewer: true })
  const isRequester = (id: string, requester: { id: string }) => requester.id === `shop:${id}`
  holds = await Holds.open({ ledger, reviewer, isRequester, breakGlass: ['oncall'] })
  glass = new BreakGlass({ ledger, holds, reviewer, isRequester, groups: ['oncall'] })
  locks = await Locks.open({ ledger, isPerson: () => false })
  log = []
})
let glass: BreakGlass

afterEach(async () => {
  for (const notifier of open.splice(0)) await notifier.close()
  vi.useRealTimers()
  await rm(folder, { recursive: true })
})

/** What a channel was sent, by hold and type. */
function collecting(): { send: Send; got: string[] } {
  const got: string[] = []
  const send: Send = async ({ notices }) => {
    got.push(notices.map(({ id }) => id).join('+'))
    return { delivered: true }
  }
  return { send, got }
}

function channel(send: Send, change: Partial<Channel> = {}): Channel {
  return {
    name: 'c',
    kind: 'webhook',
    events: new Set(everything),
    doors: new Set(),
    isSevere: () => true,
    perMinute: 0,
    remindAfter: 0,
    send,
    ...change,
  }
}

async function notifierWith(...channels: Channel[]): Promise<Notifier> {
  const notifier = new Notifier({
    channels,
    ledger,
    holds,
    locks,
    told: await Told.open(join(folder, 'notify.json'), (event) => log.push(event)),
    link: (hold) => `https://guard.example/holds/${hold}`,
    changeLink: (change) => `https://guard.example/changes/${change}`,
    log: (event) => log.push(event),
  })
  open.push(notifier)
  return notifier
}

async function hold(door: string = 'shop', review: object = {}, time = 30 * minute): Promise<string> {
  const request = {
    requester: { id: 'shop:app', name: 'app' },
    door,
    target: { system: 'db', environment: 'production' },
    digest: 'd',
    ruleSet: 'v',
    rule: { id: 'r', about: 'About', message: 'Too much' },
    review: { approvals: 1, from: [], ...review },
    actions: [],
  }
  const { hold: opened, durable } = holds.open(request, time)
  await durable
  return opened.hold
}

const settled = () => vi.advanceTimersByTimeAsync(20)

describe('the notifier', () => {
  test('tells of everything that happens to holds and locks, each once', async () => {
    const { send, got } = collecting()
    const notifier = await notifierWith(channel(send))
    const [approved, rejected, withdrawn, forced] = [await hold(), await hold(), await hold(), await hold()]
    await holds.vote(approved, 'rita', 'approve', 'fine')
    holds.release(approved, [])
    await holds.vote(rejected, 'rita', 'reject', 'no')
    await holds.withdraw(withdrawn, 'app', '')
    await glass.force(forced, 'olga', 'fire')
    await glass.followUp(forced, 'rita', 'seen')
    const { lock } = await locks.put({ kind: 'door', name: 'shop' }, { message: 'Stop', until: null, by: 'root' })
    await locks.lift(lock, 'root', 'over')
    notifier.recordFailed('no space')
    await settled()
    expect(got.slice(0, 11)).toEqual([
      `${approved}.hold.opened`,
      `${rejected}.hold.opened`,
      `${withdrawn}.hold.opened`,
      `${forced}.hold.opened`,
      `${approved}.hold.approved`,
      `${rejected}.hold.rejected`,
      `${withdrawn}.hold.withdrawn`,
      `${forced}.hold.forced`,
      `${lock}.lock.put`,
      `${lock}.lock.lifted`,
      expect.stringMatching(/^record\.failed\./),
    ])
    expect(got).toHaveLength(11)
    expect(log).toEqual([])
  })

  test('tells of a deployment that waits, at the doors that a channel is for', async () => {
    const here = collecting()
    const elsewhere = collecting()
    await notifierWith(channel(here.send), channel(elsewhere.send, { name: 'd', doors: new Set(['other']) }))
    await ledger.append('change.opened', {
      change: 'chg_1',
      kind: 'deployment',
      title: 'Orders get notes',
      door: 'shop',
      database: 'shop',
      identity: {
        issuer: 'https://ci',
        name: 'ci',
        subject: 's',
        repository: 'acme/shop',
        ref: 'r',
        sha: '0',
        run: '1',
      },
      review: { approvals: 1, from: [] },
      statements: [],
      digest: 'd',
      secret: 'e',
      expiresAt: new Date(start + minute).toISOString(),
    }).durable
    await settled()
    expect([here.got, elsewhere.got]).toEqual([['chg_1.change.opened'], []])
  })

  test('tells when more people are asked, and when nobody decided in time', async () => {
    const { send, got } = collecting()
    await notifierWith(channel(send))
    const id = await hold('shop', { escalate: { after: 5 * minute, to: ['lead'] } })
    await vi.advanceTimersByTimeAsync(6 * minute)
    expect(got).toEqual([`${id}.hold.opened`, `${id}.hold.escalated`])
    await vi.advanceTimersByTimeAsync(26 * minute)
    expect(got.slice(2)).toEqual([`${id}.hold.expired`])
  })

  test('tells each channel only what it wants to hear', async () => {
    const some = collecting()
    const doors = collecting()
    const severe = collecting()
    await notifierWith(
      channel(some.send, { name: 'some', events: new Set(['hold.rejected']) }),
      channel(doors.send, { name: 'doors', doors: new Set(['other']) }),
      channel(severe.send, { name: 'severe', isSevere: () => false }),
    )
    const [shop, other] = [await hold('shop'), await hold('other')]
    await holds.vote(shop, 'rita', 'reject', 'no')
    await glass.force(other, 'olga', 'fire')
    await locks.put({ kind: 'door', name: 'shop' }, { message: 'Stop', until: null, by: 'root' })
    await settled()
    expect(some.got).toEqual([`${shop}.hold.rejected`])
    expect(doors.got).toEqual([`${other}.hold.opened`, `${other}.hold.forced`])
    // A broken glass, and what is no matter of rules, concern everybody.
    expect(severe.got).toEqual([`${other}.hold.forced`, expect.stringContaining('lock.put')])
  })

  test('reminds once of what still waits, so long after it was told', async () => {
    const { send, got } = collecting()
    await notifierWith(channel(send, { remindAfter: 10 * minute }))
    const [first, second, decided] = [await hold(), await hold(), await hold()]
    await vi.advanceTimersByTimeAsync(5 * minute)
    await holds.vote(decided, 'rita', 'approve', '')
    await vi.advanceTimersByTimeAsync(20 * minute)
    expect(got.slice(3)).toEqual([
      `${decided}.hold.approved`,
      `${first}.hold.reminder+${second}.hold.reminder`,
      `${decided}.hold.expired`,
    ])
  })

  test('reminds before it expires of what has less time than that, once, and never where it is switched off', async () => {
    const some = collecting()
    const never = collecting()
    await notifierWith(channel(some.send, { remindAfter: 60 * minute }), channel(never.send, { name: 'never' }))
    const waiting = await hold()
    await vi.advanceTimersByTimeAsync(22 * minute)
    expect(some.got).toEqual([`${waiting}.hold.opened`])
    await vi.advanceTimersByTimeAsync(minute)
    expect(some.got).toEqual([`${waiting}.hold.opened`, `${waiting}.hold.reminder`])
    await vi.advanceTimersByTimeAsync(10 * minute)
    expect(some.got.slice(2)).toEqual([`${waiting}.hold.expired`])
    expect(never.got).toEqual([`${waiting}.hold.opened`, `${waiting}.hold.expired`])
  })

  test('does not remind of a short hold as soon as it was told because another reminder is due', async () => {
    const { send, got } = collecting()
    await notifierWith(channel(send, { remindAfter: 10 * minute }))
    const long = await hold()
    await vi.advanceTimersByTimeAsync(10 * minute - 1_000)
    const short = await hold('shop', {}, 40_000)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(got).toEqual([`${long}.hold.opened`, `${short}.hold.opened`, `${long}.hold.reminder`])
    await vi.advanceTimersByTimeAsync(28_000)
    expect(got.slice(3)).toEqual([`${short}.hold.reminder`])
  })

  test('tells after a restart what still waits and was not told, and nothing twice', async () => {
    const first = collecting()
    const before = await notifierWith(channel(first.send, { remindAfter: 10 * minute }))
    const told = await hold()
    await settled()
    await before.close()
    const untold = await hold()
    const over = await hold()
    await holds.vote(over, 'rita', 'reject', 'no')
    const again = collecting()
    const fresh = collecting()
    const after = await notifierWith(
      channel(again.send, { remindAfter: 10 * minute }),
      channel(fresh.send, { name: 'new' }),
    )
    await settled()
    expect(again.got).toEqual([`${untold}.hold.opened`])
    expect(fresh.got).toEqual([`${told}.hold.opened`, `${untold}.hold.opened`])
    await vi.advanceTimersByTimeAsync(11 * minute)
    expect(again.got.slice(1).join('+')).toBe(`${told}.hold.reminder+${untold}.hold.reminder`)
    await after.close()
    const third = collecting()
    await notifierWith(channel(third.send, { remindAfter: 10 * minute }))
    await vi.advanceTimersByTimeAsync(11 * minute)
    expect(third.got).toEqual([])
  })

  test('tells again with the same id where an attempt was cut off by the end of the process', async () => {
    const ids: string[] = []
    const before = await notifierWith(
      channel((message) => {
        ids.push(message.id)
        return new Promise(() => undefined)
      }),
    )
    await hold()
    await settled()
    await before.close()
    await notifierWith(
      channel(async (message) => {
        ids.push(message.id)
        return { delivered: true }
      }),
    )
    await settled()
    expect(ids).toHaveLength(2)
    expect(new Set(ids).size).toBe(1)
  })

  test('tells twice, never not at all, where its file is damaged; the file names no more than it must', async () => {
    const first = collecting()
    const before = await notifierWith(channel(first.send))
    const [pending, over] = [await hold(), await hold()]
    await settled()
    await holds.vote(over, 'rita', 'reject', 'no')
    await settled()
    await before.close()
    const { told } = JSON.parse(await readFile(join(folder, 'notify.json'), 'utf8'))
    expect(told).toEqual({ [pending]: { 'c hold.opened': expect.any(String) } })
    await writeFile(join(folder, 'notify.json'), '{ "version": 1, "told"')
    const again = collecting()
    await notifierWith(channel(again.send))
    await settled()
    expect(again.got).toEqual([`${pending}.hold.opened`])
    expect(log).toEqual(['notify_state_not_read'])
  })

  test("is in nobody's way: holds are opened, decided and released while one channel hangs and one throws", async () => {
    const good = collecting()
    await notifierWith(
      channel(() => new Promise(() => undefined), { name: 'hangs' }),
      channel(
        () => {
          throw new Error('broken')
        },
        { name: 'throws' },
      ),
      channel(good.send, { name: 'good' }),
    )
    for (let i = 0; i < 50; i++) {
      const id = await hold()
      expect((await holds.vote(id, 'rita', 'approve', '')).state).toBe('approved')
      await holds.release(id, [])?.durable
    }
    await settled()
    await vi.advanceTimersByTimeAsync(100)
    expect(good.got).toHaveLength(100)
  })

  test('throws nothing into the room that told it', async () => {
    await notifierWith(
      channel(collecting().send, {
        isSevere: () => {
          throw new Error('broken')
        },
      }),
    )
    const id = await hold()
    expect((await holds.vote(id, 'rita', 'approve', '')).state).toBe('approved')
    expect(log).toContain('notify_failed')
  })

  test('shows how it stands with each channel, and sends a test', async () => {
    const { send, got } = collecting()
    const notifier = await notifierWith(channel(send, { doors: new Set(['shop']) }))
    expect(notifier.status()).toMatchObject([{ name: 'c', kind: 'webhook', state: 'idle', doors: ['shop'] }])
    expect(await notifier.test('c', 'root')).toEqual({ delivered: true })
    expect(got).toEqual([expect.stringMatching(/^test\./)])
    expect(notifier.status()).toMatchObject([{ state: 'working', sent: 1 }])
    await expect(notifier.test('d', 'root')).rejects.toMatchObject({ code: 'not_found', hint: 'there are: c' })
  })
})
