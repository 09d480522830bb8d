import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HoldBook } from '../console/src/api/hold-book.ts'
import type { HoldList, HoldView } from '../console/src/api/types.ts'
import { HoldFeed, parsePlace } from '../src/api/hold-feed.ts'
import type { Hold, Holds } from '../src/holds/index.ts'

type Live = Pick<HoldView, 'hold' | 'state' | 'openedAt' | 'change'>

/** As much of a server as the console's book of holds depends on. */
class Server {
  readonly holds = new Map<string, Hold>()
  feed: HoldFeed
  #listener: (hold: Hold) => void = () => undefined
  #runs = 0

  constructor() {
    this.feed = this.#newFeed()
  }

  restart(): void {
    this.feed = this.#newFeed()
  }

  #newFeed(): HoldFeed {
    const holds: Pick<Holds, 'get' | 'subscribe'> = {
      get: (id) => this.holds.get(id),
      subscribe: (listener) => {
        this.#listener = listener
        return () => undefined
      },
    }
    this.#runs += 1
    return new HoldFeed(holds, `run${this.#runs}`)
  }

  open(): void {
    const number = this.holds.size
    this.#put({
      hold: `h${number}`,
      requester: { id: 'app', name: 'app' },
      door: 'shop',
      target: { system: 'db', environment: 'production' },
      digest: '',
      nonce: '',
      ruleSet: '',
      rule: { id: 'r', about: '', message: '' },
      review: { approvals: 1, from: [] },
      actions: [],
      expiresAt: '',
      state: 'pending',
      openedAt: String(number).padStart(6, '0'),
      samples: [],
      votes: [],
      escalatedAt: null,
      forced: null,
      useBy: null,
      closed: null,
    })
  }

  move(which: number): void {
    const moving = [...this.holds.values()].filter(({ state }) => state === 'pending' || state === 'approved')
    const hold = moving[which % Math.max(1, moving.length)]
    if (hold !== undefined) this.#put({ ...hold, state: hold.state === 'pending' ? 'approved' : 'released' })
  }

  view(hold: Hold, seq = this.feed.seqOf(hold.hold)): HoldView {
    const { nonce: _, ...shown } = hold
    return {
      ...shown,
      actions: [],
      change: { run: this.feed.place.run, seq },
      link: '',
      waiting: false,
      missing: { approvals: 0, from: [] },
      mayVote: { allowed: true, reason: null },
      mayConfirm: false,
      mayForce: false,
      mayFollowUp: false,
      tap: { approve: 'no', confirm: 'no', force: 'no' },
    }
  }

  list(): HoldList {
    return { holds: this.openHolds().map((hold) => this.view(hold)), at: this.feed.place }
  }

  openHolds(): Hold[] {
    return [...this.holds.values()].filter(({ state }) => state === 'pending' || state === 'approved').reverse()
  }

  #put(hold: Hold): void {
    this.holds.set(hold.hold, hold)
    this.#listener(hold)
  }
}

/** A console: its book, what is on its way to it, and when it asks. Asks as TanStack Query does. */
class Console {
  readonly book = new HoldBook()
  readonly #server: Server
  #events: (() => boolean)[] = []
  #answers: HoldList[] = []
  #isLoaded = false
  #leave: (() => void) | undefined

  constructor(server: Server) {
    this.#server = server
    this.ask()
  }

  get isConnected(): boolean {
    return this.#leave !== undefined
  }

  connect(): void {
    this.disconnect()
    const { feed } = this.#server
    const place = parsePlace(this.book.lastEventId ?? '')
    const missed = place === undefined ? undefined : feed.since(place)
    const told = (hold: Hold, seq: number) => {
      const view = this.#server.view(hold, seq)
      this.#events.push(() => this.book.changed(view))
    }
    for (const { hold, seq } of missed ?? []) told(hold, seq)
    const hello = { ...feed.place, resumed: missed !== undefined }
    this.#events.push(() => this.book.hello(hello))
    this.#leave = feed.subscribe(({ hold, seq }) => told(hold, seq))
  }

  disconnect(): void {
    this.#leave?.()
    this.#leave = undefined
    this.#events = []
    this.book.disconnected()
  }

  pulse(): void {
    const { place } = this.#server.feed
    if (this.isConnected) this.#events.push(() => this.book.pulse(place))
  }

  receive(): boolean {
    const event = this.#events.shift()
    if (event?.() === true && !this.book.isProven('open')) this.askAgain()
    return event !== undefined
  }

  loseOne(): void {
    // Only a change can be lost unnoticed here: without its hello a stream is not live.
    if (this.#events.length > 1) this.#events.splice(-1, 1)
  }

  ask(): void {
    this.#answers.push(this.#server.list())
  }

  /** A first answer on its way is waited for; a later one is given up. */
  askAgain(): void {
    if (!this.#isLoaded && this.#answers.length > 0) return
    this.#answers = []
    this.ask()
  }

  answer(): boolean {
    const list = this.#answers.shift()
    if (list === undefined) return false
    if (this.book.take('open', list)) this.#isLoaded = true
    else this.ask()
    return true
  }

  settle(): void {
    if (!this.isConnected) this.connect()
    this.pulse()
    while (this.receive() || this.answer());
  }
}

const shown = (holds: readonly Pick<Live, 'hold' | 'state'>[]) => holds.map(({ hold, state }) => `${hold} ${state}`)

const steps = {
  open: (server: Server) => server.open(),
  move: (server: Server, _: Console, which: number) => server.move(which),
  restart: (server: Server, console: Console) => {
    server.restart()
    console.disconnect()
  },
  connect: (_: Server, console: Console) => console.connect(),
  disconnect: (_: Server, console: Console) => console.disconnect(),
  receive: (_: Server, console: Console) => console.receive(),
  pulse: (_: Server, console: Console) => console.pulse(),
  lose: (_: Server, console: Console) => console.loseOne(),
  refetch: (_: Server, console: Console) => console.askAgain(),
  answer: (_: Server, console: Console) => console.answer(),
}

describe('the console’s book of holds', () => {
  test('shows what the server has, however lists, changes, lost connections and restarts are interleaved', () => {
    const step = fc.tuple(
      fc.constantFrom(...(['open', 'move', 'receive', 'answer', 'connect', 'disconnect', 'pulse', 'lose'] as const)),
      fc.nat(50),
    )
    const rare = fc.tuple(fc.constantFrom('refetch' as const, 'restart' as const), fc.nat(50))
    const run = fc.array(fc.oneof({ arbitrary: step, weight: 12 }, { arbitrary: rare, weight: 1 }), { maxLength: 80 })
    fc.assert(
      fc.property(run, (taken) => {
        const server = new Server()
        const console = new Console(server)
        for (const [name, which] of taken) steps[name](server, console, which)
        console.settle()
        expect(shown(console.book.lists().open)).toEqual(shown(server.openHolds()))
      }),
      { numRuns: 3_000 },
    )
  })

  test('a hold opened while the first list is on its way is not lost', () => {
    const server = new Server()
    const console = new Console(server)
    console.connect()
    server.open()
    while (console.receive());
    expect(console.answer()).toBe(true)
    expect(shown(console.book.lists().open)).toEqual(['h0 pending'])
  })

  test('a hold opened between the first list and the stream is not lost', () => {
    const server = new Server()
    const console = new Console(server)
    server.open()
    console.connect()
    while (console.receive());
    while (console.answer());
    expect(shown(console.book.lists().open)).toEqual(['h0 pending'])
  })

  test('a late view of a hold does not bring back what is over', () => {
    const server = new Server()
    const console = new Console(server)
    console.connect()
    server.open()
    const early = server.list().holds[0]
    server.move(0)
    server.move(0)
    console.settle()
    if (early !== undefined) console.book.put(early)
    expect(console.book.lists().open).toEqual([])
  })

  test('after a short break only what was missed is told', () => {
    const server = new Server()
    server.open()
    server.open()
    const console = new Console(server)
    console.settle()
    console.disconnect()
    server.move(0)
    const place = parsePlace(console.book.lastEventId ?? '')
    expect(place && server.feed.since(place)?.map(({ hold }) => hold.hold)).toEqual(['h0'])
    console.settle()
    expect(shown(console.book.lists().open)).toEqual(['h1 pending', 'h0 approved'])
  })

  test('a place of another run, from the future or too far back cannot be gone on from', () => {
    const { feed } = new Server()
    expect(feed.since({ run: 'other', seq: 0 })).toBeUndefined()
    expect(feed.since({ run: 'run1', seq: 1 })).toBeUndefined()
    const busy = new Server()
    busy.open()
    for (let i = 0; i < 10_000; i++) busy.open()
    expect(busy.feed.since({ run: 'run1', seq: 0 })).toBeUndefined()
    expect(busy.feed.since({ run: 'run1', seq: 10_000 })?.map(({ hold }) => hold.hold)).toEqual(['h10000'])
  })

  test.each(['', 'x', 'run-', '-1', 'a-1e9', 'run-1\n', `${'r'.repeat(65)}-1`])('%j is no place', (text) => {
    expect(parsePlace(text)).toBeUndefined()
  })
})
