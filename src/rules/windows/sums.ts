import { windowLimits } from './limits.ts'

/**
 * A sum over sliding time, exact to the millisecond. An amount nobody knows is infinite: what compares it fires.
 * Time only goes forward; what has left the window is forgotten.
 */
export class Sums {
  /** Moment and amount by turns, in order of time. */
  #points: number[] = []
  #head = 0
  #sum = 0
  /** Sums of whole numbers below 2^53 can be kept while adding and taking away; of others they would drift. */
  #whole = true

  get isEmpty(): boolean {
    return this.#head === this.#points.length
  }

  add(at: number, amount: number): void {
    if (!Number.isSafeInteger(amount)) this.#whole = false
    const points = this.#points
    const last = points.length - 2
    const lastAt = last >= this.#head ? (points[last] ?? 0) : Number.NEGATIVE_INFINITY
    this.#sum += amount
    if (at <= lastAt) {
      points[last + 1] = (points[last + 1] ?? 0) + amount
      return
    }
    points.push(at, amount)
    if (points.length - this.#head > 4 * windowLimits.moments) this.#coarsen()
  }

  /** The sum of everything later than `since`. */
  since(since: number): number {
    this.#forget(since)
    if (this.#whole) return this.#sum
    let sum = 0
    for (let i = this.#head + 1; i < this.#points.length; i += 2) sum += this.#points[i] ?? 0
    return sum
  }

  /** Takes in what another remembers. */
  absorb(other: Sums): void {
    const all: (readonly [number, number])[] = []
    for (const { points, head } of [this.#parts(), other.#parts()]) {
      for (let i = head; i < points.length; i += 2) all.push([points[i] ?? 0, points[i + 1] ?? 0])
    }
    all.sort(([a], [b]) => a - b)
    this.#points = []
    this.#head = 0
    this.#sum = 0
    for (const [at, amount] of all) this.add(at, amount)
  }

  #parts() {
    return { points: this.#points, head: this.#head }
  }

  #forget(since: number): void {
    const points = this.#points
    let head = this.#head
    while (head < points.length && (points[head] ?? 0) <= since) {
      this.#sum -= points[head + 1] ?? 0
      head += 2
    }
    this.#head = head
    if (head === points.length) {
      this.#points = []
      this.#head = 0
      this.#sum = 0
      this.#whole = true
    } else if (head > 64 && head * 2 > points.length) {
      this.#points = points.slice(head)
      this.#head = 0
    }
  }

  /** Joins the older half two by two; the later moment stands for both. */
  #coarsen(): void {
    const old = this.#points.slice(this.#head)
    const half = Math.floor(old.length / 4) * 2
    const joined: number[] = []
    for (let i = 0; i < half; i += 4) {
      if (i + 3 < half) joined.push(old[i + 2] ?? 0, (old[i + 1] ?? 0) + (old[i + 3] ?? 0))
      else joined.push(old[i] ?? 0, old[i + 1] ?? 0)
    }
    this.#points = joined.concat(old.slice(half))
    this.#head = 0
  }
}
