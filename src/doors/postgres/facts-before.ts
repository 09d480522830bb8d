import type { HeldRows } from '../../gate/index.ts'
import {
  type Ask,
  type Cascade,
  countedUpTo,
  countingQuery,
  emptyingQuery,
  type KnownStep,
  type Learned,
  readCounted,
  readingQuery,
} from './catalog/index.ts'
import {
  askCloses,
  askMessages,
  cleanUpMessages,
  countMessages,
  type Explainable,
  endFailedMessages,
  explainMessages,
  explainPrefixLength,
  failedMessages,
  type PlanFigures,
  planFigures,
} from './estimate.ts'
import type { StatementFacts } from './grammar/index.ts'
import { invalidates, RememberedEstimates } from './remembered-estimates.ts'
import { samplesOf } from './samples.ts'
import type { Estimate } from './statement-action.ts'
import { changesContext, explainableOf, type Step, wantsEstimate } from './steps.ts'
import { readErrorFields, shiftErrorPosition } from './wire/backend-messages.ts'
import type { AskingContext } from './work.ts'

/** What is known of a message's statements before any of it runs. */
export interface FactsFound {
  readonly steps: readonly Step[]
  readonly estimates: readonly (Estimate | undefined)[]
  /** The server refuses to plan a statement, so it would refuse to run it. */
  readonly refused?: { readonly step: number; readonly error: Buffer }
}

/** Plans dearer than this are not counted through: some ten million rows read in sequence. */
const dearest = 200_000

const handful = 100

/** Rows that no ordinary statement goes through. */
const runsAway = 100_000_000

/**
 * Facts before: what the catalog knows of a statement's names, how many rows the planner expects it to touch, and, where
 * that is few, how many it really picks now and how many foreign keys take along.
 */
export class FactsBefore {
  readonly #in: AskingContext
  readonly #isMeasured: () => boolean
  readonly #planned: RememberedEstimates

  /** @param isMeasured what a statement really touched will be measured before it is final */
  constructor(context: AskingContext, isMeasured: () => boolean) {
    this.#in = context
    this.#isMeasured = isMeasured
    this.#planned = new RememberedEstimates(context.now)
  }

  /** Steps were handed to the server. */
  sent(steps: readonly Step[]): void {
    this.#in.catalog.ran(steps)
    if (steps.some(({ facts }) => invalidates(facts))) this.#planned.forget()
  }

  /** At once where nothing has to be asked. */
  find(steps: readonly Step[]): FactsFound | Promise<FactsFound> {
    const { replies, catalog } = this.#in
    // What a failed transaction, or a server that skips to Sync, is sent does not run.
    if (replies.status === 'E' || replies.isSkipping) return { steps, estimates: [] }
    const idle = replies.status === 'I' && !replies.unsynced
    const known = catalog.look(steps, idle, this.#ask)
    return known instanceof Promise ? known.then((late) => this.#estimates(steps, late)) : this.#estimates(steps, known)
  }

  /** On the client's own connection, at a message boundary. */
  readonly #ask: Ask = async (query, parameters) => {
    const { server, replies } = this.#in
    const where = replies.unsynced ? 'open' : replies.status === 'T' ? 'transaction' : 'idle'
    const reply = await server.exchange(askMessages(query, parameters, where), where === 'open' ? askCloses : undefined)
    if (where !== 'open') replies.status = reply.status
    if (reply.error !== undefined) {
      if (where === 'transaction') replies.status = (await server.exchange(cleanUpMessages('savepoint'))).status
      return { error: readErrorFields(reply.error).get('M') ?? 'error' }
    }
    const answer = reply.rows.find((row) => row !== null)
    return answer === undefined || answer === null ? { error: 'no answer' } : { answer }
  }

  #estimates(asked: readonly Step[], known: readonly KnownStep[]): FactsFound | Promise<FactsFound> {
    const wanted = this.#wanted(known)
    if (wanted.length > 0) return this.#estimateAll(known, wanted)
    const same = known.every(({ step }, i) => step === asked[i])
    const steps = same ? asked : known.map(({ step }) => step)
    return { steps, estimates: known.map((one) => this.#withoutAsking(one)) }
  }

  /** What is known already; and where the planner cannot be asked, a read that matters may be of all there is. */
  #withoutAsking({ step, learned }: KnownStep): Estimate | undefined {
    if (learned?.countReads === true) return { rows: learned.ofTotal, ofTotal: learned.ofTotal }
    const ofTotal = learned?.ofTotal ?? null
    if (wantsEstimate(step.facts)) return { rows: this.#remembered(step) ?? null, ofTotal }
    // What share of a table a handful of rows is, nobody asks.
    return ofTotal === null || (step.facts.maxRows ?? 0) <= handful ? undefined : { rows: null, ofTotal }
  }

  /** What the planner said of the statement a moment ago: enough where it is measured afterwards. */
  #remembered(step: Step): number | undefined {
    return this.#isMeasured() ? this.#planned.rowsOf(step) : undefined
  }

  /** Steps whose rows can be estimated now: a transaction can be opened or is open, and is sound. */
  #wanted(known: readonly KnownStep[]): number[] {
    const { replies } = this.#in
    if (replies.unsynced || replies.status === 'E') return []
    const found: number[] = []
    for (const [i, { step, learned }] of known.entries()) {
      const { facts } = step
      const reads = learned?.countReads === true && facts.explainable && !facts.effects.includes('execute')
      const cascades = learned !== undefined && learned.cascades.length > 0 && !this.#isMeasured()
      const writes = wantsEstimate(facts) && this.#remembered(step) === undefined
      if (writes || reads || cascades || (learned?.emptied.length ?? 0) > 0) found.push(i)
      // Tables and settings may be others for what follows.
      if (changesContext(facts)) break
    }
    return found
  }

  async #estimateAll(known: readonly KnownStep[], wanted: readonly number[]): Promise<FactsFound> {
    const steps = known.map(({ step }) => step)
    const estimates = known.map((one) => this.#withoutAsking(one))
    for (const i of wanted) {
      const one = known[i]
      if (one === undefined) continue
      const { step, learned } = one
      if (learned !== undefined && learned.emptied.length > 0) {
        estimates[i] = await this.#emptied(learned)
        continue
      }
      let plan: PlanFigures | undefined
      if (step.facts.maxRows === null && step.facts.explainable) {
        const explained = await this.#explain(step)
        if (explained.error !== undefined) return { steps, estimates, refused: { step: i, error: explained.error } }
        plan = explained.plan
      }
      const writes = step.facts.effects.some((effect) => effect === 'write' || effect === 'delete')
      estimates[i] = writes ? await this.#written(step, learned, plan) : await this.#read(step, learned, plan)
      if (plan !== undefined && plan.most >= runsAway) steps[i] = { ...step, facts: runningAway(step.facts) }
    }
    return { steps, estimates }
  }

  async #explain(step: Step): Promise<{ plan: PlanFigures | undefined; error?: Buffer }> {
    const { server, replies } = this.#in
    const inTransaction = replies.status === 'T'
    const reply = await server.exchange(explainMessages(explainableOf(step), inTransaction))
    replies.status = reply.status
    if (reply.error !== undefined) {
      const { status } = await server.exchange(cleanUpMessages(inTransaction ? undefined : 'transaction'))
      replies.status = status
      return { plan: undefined, error: shiftErrorPosition(reply.error, explainPrefixLength) }
    }
    return { plan: planFigures(reply.rows.find((row) => row !== null) ?? '') }
  }

  /**
   * Rows written: as planned where that is many, or where they are measured before they are final; otherwise counted,
   * with what foreign keys take along.
   */
  async #written(step: Step, learned: Learned | undefined, plan: PlanFigures | undefined): Promise<Estimate> {
    const { facts } = step
    const planned = facts.maxRows ?? plan?.modified ?? null
    const total = learned?.ofTotal ?? null
    if (this.#isMeasured() && learned?.unanalysed !== true) {
      this.#planned.remember(step, planned)
      return { rows: planned, ofTotal: total }
    }
    // The planner's guess about which rows of a table it has never looked at is worth nothing.
    const blind = learned?.unanalysed === true && facts.maxRows === null && facts.operation !== 'INSERT'
    const guess = {
      rows: blind ? null : planned,
      ofTotal: total,
      cascades: cascadeGuess(learned?.cascades ?? [], planned),
    }
    if (learned?.picks === undefined || (plan?.cost ?? 0) > dearest || (planned ?? 0) >= countedUpTo) return guess
    if (facts.maxRows !== null && learned.cascades.length === 0) return guess
    const selection = await this.#in.grammar().selectionOf(facts.text)
    const counted =
      selection === undefined
        ? undefined
        : await this.#count(
            countingQuery({ ...learned.picks, selection }, learned.cascades, total === null),
            explainableOf(step),
          )
    if (counted === undefined || counted.rows === null) return guess
    const cascades = learned.cascades.map(({ table }, i) => ({ table, rows: counted.others[i] ?? 0 }))
    const exact = counted.rows < countedUpTo
    return {
      rows: exact ? counted.rows : Math.max(counted.rows, planned ?? 0),
      exact,
      ofTotal: total ?? (counted.total !== null && counted.total < countedUpTo ? counted.total : null),
      cascades: merged(cascades),
    }
  }

  /** Rows read: as planned, or counted where the planner has never looked at a table. */
  async #read(step: Step, learned: Learned | undefined, plan: PlanFigures | undefined): Promise<Estimate> {
    const { facts } = step
    const ofTotal = learned?.ofTotal ?? null
    const planned = { ...readRows(facts, plan), ofTotal }
    const countable = facts.operation === 'SELECT' && /^\s*(select|table|with|values)\b/i.test(facts.text)
    if (learned?.unanalysed !== true || !countable || facts.traits.includes('for-update') || facts.names.collects)
      return planned
    if (plan === undefined || plan.cost > dearest || plan.most >= runsAway) return planned
    const counted = await this.#count(readingQuery(facts.text), explainableOf(step))
    return counted === undefined ? planned : { rows: Math.max(counted.rows ?? 0, planned.rows ?? 0), ofTotal }
  }

  /** Keys of some rows that held statements pick, for those who have to decide about them. */
  samples(steps: readonly Step[], most: number): Promise<HeldRows[]> {
    return samplesOf(steps, most, this.#in, this.#ask)
  }

  /** The same of a statement in a transaction that has failed: it is ended for that, and another fails in its place. */
  async samplesAfter(step: Step, most: number): Promise<HeldRows[]> {
    const { replies, server } = this.#in
    if (most === 0 || replies.status !== 'E' || replies.unsynced) return []
    replies.status = (await server.exchange(endFailedMessages)).status
    const found = await this.samples([step], most)
    replies.status = (await server.exchange(failedMessages)).status
    return found
  }

  async #emptied({ emptied }: Learned): Promise<Estimate> {
    const counted = await this.#count(emptyingQuery(emptied), { text: Buffer.alloc(0) })
    if (counted === undefined) return { rows: null }
    const [, ...others] = emptied
    const cascades = others.map((table, i) => ({ table, rows: counted.others[i] ?? 0 }))
    return { rows: counted.rows, exact: (counted.rows ?? countedUpTo) < countedUpTo, cascades: merged(cascades) }
  }

  async #count(query: string, bound: Explainable) {
    const { server, replies } = this.#in
    const inTransaction = replies.status === 'T'
    const reply = await server.exchange(countMessages(query, bound, inTransaction))
    replies.status = reply.status
    if (reply.error !== undefined) {
      const { status } = await server.exchange(cleanUpMessages(inTransaction ? 'savepoint' : 'transaction'))
      replies.status = status
      return undefined
    }
    return readCounted(reply.rows.find((row) => row !== null) ?? '')
  }
}

/** Rows that reach the client, or stand inside what one aggregate makes of them. */
function readRows({ names }: StatementFacts, plan: PlanFigures | undefined): Estimate {
  if (plan === undefined) return { rows: null }
  if (names.collects) return { rows: plan.most }
  // Page after page reaches everything, whatever is left of the table at this one.
  return { rows: names.limit !== null && names.offset ? Math.max(names.limit, plan.returned) : plan.returned }
}

function runningAway(facts: StatementFacts): StatementFacts {
  return {
    ...facts,
    effects: [...new Set([...facts.effects, 'disrupt' as const])].sort(),
    traits: [...new Set([...facts.traits, 'runs-away'])].sort(),
  }
}

/** By the average number of rows that refer to one, where counting is not possible. */
function cascadeGuess(cascades: readonly Cascade[], rows: number | null): { table: string; rows: number }[] {
  const reached = new Map<number, number>()
  const found = cascades.map((edge) => {
    const [children, parents] = [Math.max(edge.rows, edge.live), edge.parentRows]
    // Where the server has never counted, it may be all there is.
    if (children <= 0 && edge.rows < 0) return { table: edge.table, rows: countedUpTo }
    const taken = reached.get(edge.parent) ?? rows ?? parents
    const share = parents > 0 ? Math.min(1, taken / parents) : 1
    const along = Math.ceil(children * share)
    reached.set(edge.child, (reached.get(edge.child) ?? 0) + along)
    return { table: edge.table, rows: along }
  })
  return merged(found)
}

/** One line for each table that is reached at all. */
function merged(cascades: readonly { table: string; rows: number }[]): { table: string; rows: number }[] {
  const tables = new Map<string, number>()
  for (const { table, rows } of cascades) tables.set(table, (tables.get(table) ?? 0) + rows)
  return [...tables].filter(([, rows]) => rows > 0).map(([table, rows]) => ({ table, rows }))
}
