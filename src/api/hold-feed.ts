import type { Hold, Holds } from '../holds/index.ts'

/** How many changes are kept for readers that lost their connection; who missed more asks for the lists again. */
const kept = 2_000

/** A place in the feed: which run of the server, and how many changes of holds it had seen. */
export interface FeedPlace {
  readonly run: string
  readonly seq: number
}

export interface HoldChange {
  readonly hold: Hold
  readonly seq: number
}

/**
 * Numbers every change of a hold, without gaps, from 1. A list made at place n holds all changes up to n and none
 * after; so whoever has a list of place n and every change from n + 1 on knows that nothing is missing.
 * Numbers begin anew with each run of the server, because not all changes (a client stops waiting) are on the ledger.
 */
export class HoldFeed {
  readonly #holds: Pick<Holds, 'get' | 'subscribe'>
  readonly #run: string
  readonly #listeners = new Set<(change: HoldChange) => void>()
  /** The number of the last change of each hold that changed in this run. */
  readonly #last = new Map<string, number>()
  /** Ids of the holds that changed last, the oldest first; its end is change `#seq`. */
  #recent: string[] = []
  #seq = 0
  #known = kept

  /**
   * @param run a word that no other run of a server uses
   * @param onWaiting tells of holds on which clients start or stop waiting
   */
  constructor(
    holds: Pick<Holds, 'get' | 'subscribe'>,
    run: string,
    onWaiting?: (listener: (hold: string) => void) => unknown,
  ) {
    this.#holds = holds
    this.#run = run
    holds.subscribe((hold) => this.#changed(hold))
    onWaiting?.((id) => {
      const hold = holds.get(id)
      if (hold !== undefined) this.#changed(hold)
    })
  }

  get place(): FeedPlace {
    return { run: this.#run, seq: this.#seq }
  }

  /** The number of a hold's last change; 0: none in this run. */
  seqOf(hold: string): number {
    return this.#last.get(hold) ?? 0
  }

  /**
   * The newest state of every hold that changed after `place`, in the order of those changes; undefined: that can no
   * longer be told.
   */
  since({ run, seq }: FeedPlace): HoldChange[] | undefined {
    if (run !== this.#run || seq > this.#seq || seq < this.#seq - this.#recent.length) return undefined
    const ids = new Set(this.#recent.slice(this.#recent.length - (this.#seq - seq)))
    return [...ids]
      .flatMap((id) => {
        const hold = this.#holds.get(id)
        return hold === undefined ? [] : [{ hold, seq: this.seqOf(id) }]
      })
      .sort((a, b) => a.seq - b.seq)
  }

  subscribe(listener: (change: HoldChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Holds that ended long ago are not in memory any more, and nobody waits to hear of them. */
  #forgetUnknown(): void {
    for (const id of this.#last.keys()) if (this.#holds.get(id) === undefined) this.#last.delete(id)
    this.#known = Math.max(kept, this.#last.size)
  }

  #changed(hold: Hold): void {
    this.#seq += 1
    this.#last.set(hold.hold, this.#seq)
    if (this.#last.size > 2 * this.#known) this.#forgetUnknown()
    this.#recent.push(hold.hold)
    // Cut now and then, not at every change.
    if (this.#recent.length > 2 * kept) this.#recent = this.#recent.slice(-kept)
    for (const listener of this.#listeners) listener({ hold, seq: this.#seq })
  }
}

/** A place as it stands in `id:` and comes back in Last-Event-ID. */
export function formatPlace({ run, seq }: FeedPlace): string {
  return `${run}-${seq}`
}

/** @returns undefined for what is not a place */
export function parsePlace(text: string): FeedPlace | undefined {
  const [, run, seq] = /^(\w{1,64})-(\d{1,15})$/.exec(text) ?? []
  return run === undefined || seq === undefined ? undefined : { run, seq: Number(seq) }
}
