import type { Hello, HoldList, HoldView, Place } from './types.ts'

/** Decided holds that are kept; the server lists no more of them either. */
const closedKept = 200

/** Holds that are not over, and those that were decided or ended last, both newest first. */
export interface HoldLists {
  readonly open: readonly HoldView[]
  readonly closed: readonly HoldView[]
}

/**
 * All holds the console knows of, put together from lists and from the event stream, which arrive in any order.
 *
 * Nothing is lost because nothing is believed complete without proof: a list says which change was the last in it
 * (`at`), and the stream says from which change on it tells everything (`#since`). A list older than that may lack
 * a change that nobody will tell again, so it is not taken; the same goes for a hole in the numbers of the stream.
 */
export class HoldBook {
  readonly #holds = new Map<string, HoldView>()
  readonly #listeners = new Set<() => void>()
  #lists: HoldLists = { open: [], closed: [] }
  /** The run of the server whose stream is read; empty before the first hello. */
  #run = ''
  /** Every change after this one has been told, or will be. */
  #since = 0
  /** The last change seen. */
  #last = 0
  #connected = false
  /** When the lists that were taken last were made. */
  readonly #madeAt: { open: Place | null; closed: Place | null } = { open: null, closed: null }
  /** The run of a list that was refused because the stream is of another run. */
  #refused = ''

  /** What to send as Last-Event-ID, to be told only what was missed. */
  get lastEventId(): string | undefined {
    return this.#run === '' ? undefined : `${this.#run}-${this.#last}`
  }

  /** Takes the beginning of a stream. Returns whether something may have been missed: ask for what is not proven. */
  hello({ run, seq, resumed }: Hello): boolean {
    this.#connected = true
    if (resumed && run === this.#run) {
      this.#last = Math.max(this.#last, seq)
      return false
    }
    this.#restart(run, seq)
    return true
  }

  /** The stream has ended. What comes before the next hello is what was missed, which has gaps. */
  disconnected(): void {
    this.#connected = false
  }

  /** Takes a change from the stream. Returns whether something may have been missed. */
  changed(hold: HoldView): boolean {
    const { run, seq } = hold.change
    const hole = this.#connected && (run !== this.#run || seq > this.#last + 1)
    if (hole) this.#restart(run, seq)
    this.#last = Math.max(this.#last, seq)
    this.put(hold)
    return hole
  }

  /** Takes what the server says was its last change. Returns whether something may have been missed. */
  pulse({ run, seq }: Place): boolean {
    if (run === this.#run && seq <= this.#last) return false
    this.#restart(run, seq)
    return true
  }

  /** Takes a view of one hold, from wherever, unless a newer one is known. */
  put(hold: HoldView): void {
    if (this.#place(hold)) this.#tell()
  }

  /**
   * Takes a list: all holds that are not over, or those that ended last.
   * @returns false: not taken, because it may lack something; it must be asked for again
   */
  take(which: 'open' | 'closed', { holds, at }: HoldList): boolean {
    if (!this.#mayTake(at)) return false
    if (which === 'open') {
      const listed = new Set(holds.map((hold) => hold.hold))
      for (const known of this.#lists.open) {
        const isNews = known.change.run === at.run && known.change.seq > at.seq
        if (!isNews && !listed.has(known.hold)) this.#holds.delete(known.hold)
      }
    }
    for (const hold of holds) this.#place(hold)
    this.#madeAt[which] = at
    this.#tell()
    return true
  }

  /** Whether a list lacks nothing, or only what the stream will still tell. */
  isProven(which: 'open' | 'closed'): boolean {
    const at = this.#madeAt[which]
    return at !== null && at.run === this.#run && at.seq >= this.#since
  }

  get(id: string): HoldView | undefined {
    return this.#holds.get(id)
  }

  /** The same object as long as nothing changes. */
  readonly lists = (): HoldLists => this.#lists

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #restart(run: string, seq: number): void {
    this.#run = run
    this.#since = seq
    this.#last = seq
  }

  #mayTake({ run, seq }: Place): boolean {
    if (this.#run === '') return true
    if (run === this.#run) return seq >= this.#since
    // The late answer of a server that is gone, or the first of one whose stream has not begun: the next answer tells.
    // The latter is taken, and proven or refuted by the stream's hello.
    const isAgain = run === this.#refused
    this.#refused = isAgain ? '' : run
    return isAgain
  }

  #place(hold: HoldView): boolean {
    const known = this.#holds.get(hold.hold)
    if (known !== undefined && known.change.run === hold.change.run && known.change.seq > hold.change.seq) return false
    this.#holds.set(hold.hold, hold)
    return true
  }

  #tell(): void {
    const all = [...this.#holds.values()].sort((a, b) =>
      a.openedAt < b.openedAt ? 1 : a.openedAt > b.openedAt ? -1 : 0,
    )
    const open = all.filter(isOpen)
    const closed = all.filter((hold) => !isOpen(hold))
    for (const old of closed.splice(closedKept)) this.#holds.delete(old.hold)
    this.#lists = { open, closed }
    for (const listener of this.#listeners) listener()
  }
}

function isOpen({ state }: HoldView): boolean {
  return state === 'pending' || state === 'approved'
}
