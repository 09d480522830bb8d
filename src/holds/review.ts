import type { ReviewAsked, ReviewStep } from '../ledger/index.ts'

/** Somebody who said yes, or might, with the groups that they stand for. */
export interface Approver {
  readonly by: string
  /** undefined: for every group that is asked (votes from before groups were kept). */
  readonly groups: readonly string[] | undefined
}

/** What is still missing before a hold may run. */
export interface Missing {
  readonly approvals: number
  /** Any one of these groups helps; empty: any reviewer. */
  readonly from: readonly string[]
}

/** Every demand of a review; each must be met by itself. */
export function demandsOf({ demands, approvals, from }: ReviewAsked): readonly (readonly ReviewStep[])[] {
  return demands ?? [[{ approvals, from }]]
}

/** Every group that a review names, whether asked now, later or after escalation. */
export function groupsOf(review: ReviewAsked): string[] {
  const named = demandsOf(review).flatMap((steps) => steps.flatMap(({ from }) => from))
  return [...new Set([...named, ...(review.escalate?.to ?? [])])]
}

/** How far a review has come by the approvals that were given, in their order. */
export class Progress {
  readonly #demands: readonly DemandProgress[]

  constructor(review: ReviewAsked, approvals: readonly Approver[], escalated: boolean) {
    const to = escalated ? (review.escalate?.to ?? []) : []
    this.#demands = demandsOf(review).map((steps) => new DemandProgress(steps, to))
    for (const approver of approvals) for (const demand of this.#demands) demand.take(approver)
  }

  get isMet(): boolean {
    return this.#demands.every((demand) => demand.isMet)
  }

  /** Whether one more approval by this person would bring it further now. */
  helps(approver: Approver): boolean {
    return this.#demands.some((demand) => demand.helps(approver))
  }

  /** Of the demand that misses most. */
  get missing(): Missing {
    const open = this.#demands.filter((demand) => !demand.isMet).map(({ missing }) => missing)
    const [first, ...others] = open
    if (first === undefined) return { approvals: 0, from: [] }
    return others.reduce((most, one) => (one.approvals > most.approvals ? one : most), first)
  }

  /** Everybody who could help now, by groups; an empty list: any reviewer. */
  get asked(): readonly (readonly string[])[] {
    return this.#demands.filter((demand) => !demand.isMet).map(({ missing }) => missing.from)
  }
}

/** One demand: its steps in order. An approval counts for the step that is due, or not at all. */
class DemandProgress {
  readonly #steps: readonly ReviewStep[]
  readonly #escalatedTo: readonly string[]
  #due = 0
  #counted: Approver[] = []

  constructor(steps: readonly ReviewStep[], escalatedTo: readonly string[]) {
    this.#steps = steps
    this.#escalatedTo = escalatedTo
  }

  get isMet(): boolean {
    return this.#due >= this.#steps.length
  }

  helps(approver: Approver): boolean {
    const step = this.#steps[this.#due]
    if (step === undefined) return false
    if (step.from.length > 0 && !step.from.some((group) => this.#standsFor(approver, group))) return false
    if (step.each !== true) return true
    // A second person of a group already there helps only while there is room for more than the other groups.
    const covered = this.#covered(step, this.#counted)
    if (this.#covered(step, [...this.#counted, approver]) > covered) return true
    return step.approvals - this.#counted.length > step.from.length - covered
  }

  take(approver: Approver): void {
    const step = this.#steps[this.#due]
    if (step === undefined || !this.helps(approver)) return
    this.#counted.push(approver)
    if (this.#counted.length < step.approvals) return
    this.#due += 1
    this.#counted = []
  }

  get missing(): Missing {
    const later = this.#steps.slice(this.#due + 1).reduce((sum, { approvals }) => sum + approvals, 0)
    const step = this.#steps[this.#due]
    if (step === undefined) return { approvals: 0, from: [] }
    const from = step.from.filter((group) => this.helps({ by: '', groups: [group] }))
    const added = from.length === 0 ? [] : this.#escalatedTo.filter((group) => !from.includes(group))
    return { approvals: step.approvals - this.#counted.length + later, from: [...from, ...added] }
  }

  #standsFor({ groups }: Approver, group: string): boolean {
    if (groups === undefined || groups.includes(group)) return true
    // Escalation puts its groups in the place of any other.
    return this.#escalatedTo.some((other) => groups.includes(other))
  }

  /** How many groups of a step can each have a person of their own (maximum matching, by augmenting paths). */
  #covered({ from }: ReviewStep, people: readonly Approver[]): number {
    const groupOf = new Map<string, Approver>()
    const place = (person: Approver, tried: Set<string>): boolean => {
      for (const group of from) {
        if (tried.has(group) || !this.#standsFor(person, group)) continue
        tried.add(group)
        const other = groupOf.get(group)
        if (other === undefined || place(other, tried)) {
          groupOf.set(group, person)
          return true
        }
      }
      return false
    }
    return people.filter((person) => place(person, new Set())).length
  }
}
