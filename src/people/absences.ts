import { SallyportError } from '../errors/index.ts'
import { type Entry, follow, type Ledger } from '../ledger/index.ts'
import { authorize } from './authorize.ts'
import type { People, PersonAsReviewer } from './people.ts'

/** Somebody is away, and another one stands in for them on holds. */
export interface Absence {
  readonly person: string
  /** RFC 3339. */
  readonly from: string
  readonly until: string
  /** Who stands in. */
  readonly deputy: string
}

/** A person as holds see them, with those in whose place they are. */
export interface ReviewerWithOthers extends PersonAsReviewer {
  readonly standsInFor: readonly PersonAsReviewer[]
}

export interface AbsencesOptions {
  readonly ledger: Pick<Ledger, 'append' | 'entries' | 'subscribe'>
  readonly people: Pick<People, 'get' | 'reviewerOf'>
  /** Whether somebody is kept away: nobody stands in for them. */
  readonly isLocked?: (person: string) => boolean
  readonly now?: () => number
}

/** How far ahead somebody may say that they are away, and for how long, in milliseconds. */
const longest = 366 * 86_400_000

const kinds = ['person.away', 'person.back', 'person.removed'] as const

/**
 * Who is away, and who stands in for them, as the ledger tells. What somebody has lent is theirs only: whoever stands
 * in for two people lends on neither.
 */
export class Absences {
  readonly #options: AbsencesOptions
  readonly #absences = new Map<string, Absence>()
  #unsubscribe: () => void = () => undefined

  private constructor(options: AbsencesOptions) {
    this.#options = options
  }

  /** Folds the ledger, then follows it. */
  static async open(options: AbsencesOptions): Promise<Absences> {
    const absences = new Absences(options)
    absences.#unsubscribe = await follow(options.ledger, kinds, (entry) => absences.#fold(entry))
    return absences
  }

  close(): void {
    this.#unsubscribe()
  }

  /** The absence of somebody that has not ended, also one to come; undefined: none. */
  of(person: string): Absence | undefined {
    const absence = this.#absences.get(person)
    return absence !== undefined && this.#now() < Date.parse(absence.until) ? absence : undefined
  }

  /** Those whom somebody stands in for at this moment. */
  deputyFor(deputy: string): Absence[] {
    const now = this.#now()
    return [...this.#absences.values()].filter(
      ({ deputy: who, from, until }) => who === deputy && Date.parse(from) <= now && now < Date.parse(until),
    )
  }

  /** What holds need to know of somebody who votes. */
  reviewerOf(id: string): ReviewerWithOthers | undefined {
    const { people, isLocked = () => false } = this.#options
    const reviewer = people.reviewerOf(id)
    if (reviewer === undefined) return undefined
    const standsInFor = this.deputyFor(id).flatMap(({ person }) => {
      const away = isLocked(person) ? undefined : people.reviewerOf(person)
      // Who may not vote has nothing to lend.
      return away?.isReviewer === true && away.kind === 'human' ? [away] : []
    })
    return { ...reviewer, standsInFor }
  }

  /**
   * Puts somebody in the place of a person who is away. Takes the place of what was said before.
   * @throws SallyportError `not_found`, `invalid_request`, `conflict`, `ledger_unavailable`
   */
  async away({ person, from, until, deputy }: Omit<Absence, 'from'> & { from?: string }, by: string): Promise<Absence> {
    const { ledger } = this.#options
    const now = this.#now()
    const begins = from ?? new Date(now).toISOString()
    if (!(Date.parse(until) > Math.max(now, Date.parse(begins)))) {
      throw new SallyportError('invalid_request', `"${until}" is no time behind ${begins} and to come.`, {
        hint: 'give times as RFC 3339, such as 2031-01-31T00:00:00Z',
      })
    }
    if (Date.parse(until) > now + longest) {
      throw new SallyportError('invalid_request', 'An absence ends within a year.', {
        hint: 'take the person from their groups instead',
      })
    }
    this.#require(person)
    this.#checkDeputy(person, deputy)
    await ledger.append('person.away', { person, from: begins, until, deputy, by }).durable
    return { person, from: begins, until, deputy }
  }

  /** @throws SallyportError `not_found`, `conflict`, `ledger_unavailable` */
  async back(person: string, by: string): Promise<void> {
    this.#require(person)
    if (this.of(person) === undefined) throw new SallyportError('conflict', `${person} is not away.`)
    await this.#options.ledger.append('person.back', { person, by }).durable
  }

  #checkDeputy(person: string, deputy: string): void {
    const other = this.#require(deputy)
    if (deputy === person) throw new SallyportError('invalid_request', 'Nobody stands in for themselves.')
    if (other.kind !== 'human' || !authorize(other, 'vote').allowed) {
      throw new SallyportError('conflict', `${deputy} cannot vote, and so cannot stand in for anybody.`, {
        hint: 'name a person with the role reviewer',
      })
    }
  }

  #require(id: string) {
    const person = this.#options.people.get(id)
    if (person === undefined) throw new SallyportError('not_found', `There is no person ${id}.`)
    return person
  }

  #fold(entry: Entry): void {
    if (entry.kind === 'person.away') {
      const { by: _, ...absence } = entry.body
      this.#absences.set(absence.person, absence)
    } else if (entry.kind === 'person.back') this.#absences.delete(entry.body.person)
    else if (entry.kind === 'person.removed') {
      const { id } = entry.body
      // Whoever is put again under the same id lends nothing and has nothing lent.
      for (const { person, deputy } of [...this.#absences.values()]) {
        if (person === id || deputy === id) this.#absences.delete(person)
      }
    }
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now()
  }
}
