import { randomBytes } from 'node:crypto'
import type { Action, Outcome } from '../action/index.ts'
import { SallyportError } from '../errors/index.ts'
import type { EntryBodies, Ledger } from '../ledger/index.ts'
import type { Moment, RulesInForce, Window } from '../rules/index.ts'
import { exampleOf, type JudgedExample } from './example.ts'
import type { Unit } from './gate.ts'
import { type Verdict, verdictOf } from './verdict.ts'

/** One way in which the candidate says otherwise than the rules in force. */
export interface CanaryDifference {
  readonly was: Said
  readonly becomes: Said
  readonly judgements: number
  readonly examples: readonly JudgedExample[]
}

/** An outcome, and the rule that decided; null: none did. */
interface Said {
  readonly outcome: Outcome
  readonly rule: string | null
}

export interface CanaryReport {
  readonly canary: string
  /** The version of the candidate. */
  readonly version: string
  readonly by: string
  readonly at: string
  /** RFC 3339: when it ends by itself. */
  readonly until: string
  /** RFC 3339; null: it goes on. */
  readonly endedAt: string | null
  /** How often something was judged by both; an action that is measured before it is final is judged twice. */
  readonly judgements: number
  readonly differently: number
  /** The most frequent first. */
  readonly differences: readonly CanaryDifference[]
}

export interface CanaryOptions {
  readonly ledger: Pick<Ledger, 'append' | 'state'>
  /** Makes ready what the candidate's windows have to remember. */
  readonly prepare?: (windows: readonly Window[]) => Promise<void>
  /** The candidate's windows are not needed any more. */
  readonly onEnd?: () => void
  readonly now?: () => number
}

const longestMs = 7 * 86_400_000
/** Ways to differ that are told apart. */
const differencesKept = 1_000
const examplesEach = 3

interface Run {
  readonly canary: string
  readonly candidate: RulesInForce
  readonly by: string
  readonly at: string
  readonly until: string
  readonly differences: Map<string, { was: Said; becomes: Said; judgements: number; examples: JudgedExample[] }>
  judgements: number
  differently: number
  endedAt: string | null
}

/**
 * Judges whatever is judged by a candidate as well, and counts how it differs. It has no say: nothing is decided by
 * what it finds, and nothing that goes wrong in it stops anything.
 */
export class Canary {
  readonly #options: CanaryOptions
  #run: Run | undefined
  /** Windows of a candidate that is being made ready; undefined: none is. */
  #coming: readonly Window[] | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(options: CanaryOptions) {
    this.#options = options
  }

  /** What has to be remembered for the candidate. */
  get windows(): readonly Window[] {
    const run = this.#running()
    return [...(run?.candidate.windows ?? []), ...(this.#coming ?? [])]
  }

  /** The one that runs, or the last that did. */
  report(): CanaryReport | undefined {
    return this.#run === undefined ? undefined : reportOf(this.#run)
  }

  /**
   * Begins; ends by itself.
   * @throws SallyportError `conflict` where one runs, `invalid_request`, `ledger_unavailable`
   */
  async start(
    candidate: RulesInForce,
    { by, until }: { readonly by: string; readonly until: string },
  ): Promise<CanaryReport> {
    const left = Date.parse(until) - this.#now()
    if (!(left > 0 && left <= longestMs)) {
      throw new SallyportError('invalid_request', `"${until}" is not within the next seven days.`, {
        hint: 'give until as RFC 3339, such as 2031-01-31T00:00:00Z',
      })
    }
    if (this.#running() !== undefined || this.#coming !== undefined) {
      throw new SallyportError('conflict', 'Another candidate is being tried.', { hint: 'stop it first' })
    }
    const canary = randomBytes(6).toString('hex')
    // Kept from now on, whatever rules come into force while they are read back.
    this.#coming = candidate.windows
    try {
      await this.#options.prepare?.(candidate.windows)
      const { version } = candidate.judge
      const { at, durable } = this.#options.ledger.append('rules.canary.started', { canary, version, by, until })
      await durable
      this.#run = {
        canary,
        candidate,
        by,
        at,
        until,
        differences: new Map(),
        judgements: 0,
        differently: 0,
        endedAt: null,
      }
      this.#timer = setTimeout(() => this.#end('over', 'sallyport'), left).unref()
      return reportOf(this.#run)
    } finally {
      this.#coming = undefined
    }
  }

  /** @throws SallyportError `not_found` where none runs */
  stop(by: string): CanaryReport {
    const run = this.#running()
    if (run === undefined) throw new SallyportError('not_found', 'No candidate is being tried.')
    this.#end('stopped', by)
    return reportOf(run)
  }

  /** Ends one that runs, with Sallyport. */
  close(): void {
    if (this.#running() !== undefined) this.#end('stopped', 'sallyport')
  }

  /** Told of everything that was judged, with what was said. Never throws. */
  judged({ actions, unknown }: Pick<Unit, 'actions' | 'unknown'>, verdicts: readonly Verdict[], moment?: Moment): void {
    const run = this.#running()
    if (run === undefined) return
    try {
      for (const [i, action] of actions.entries()) {
        const verdict = verdicts[i]
        if (verdict !== undefined)
          compare(run, action, verdict, verdictOf(run.candidate.judge, action, unknown, moment))
      }
    } catch {
      this.#end('failed', 'sallyport')
    }
  }

  #running(): Run | undefined {
    return this.#run?.endedAt === null ? this.#run : undefined
  }

  #end(as: EntryBodies['rules.canary.ended']['as'], by: string): void {
    const run = this.#running()
    if (run === undefined) return
    clearTimeout(this.#timer)
    run.endedAt = new Date(this.#now()).toISOString()
    const { canary, judgements, differently } = run
    const differences = reportOf(run).differences.map(({ was, becomes, judgements }) => ({ was, becomes, judgements }))
    if (this.#options.ledger.state === 'open') {
      this.#options.ledger.append('rules.canary.ended', { canary, as, by, judgements, differently, differences })
    }
    this.#options.onEnd?.()
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now()
  }
}

function compare(run: Run, action: Action, verdict: Verdict, other: Verdict): void {
  run.judgements++
  const was = said(verdict)
  const becomes = said(other)
  if (was.outcome === becomes.outcome && was.rule === becomes.rule) return
  run.differently++
  const key = JSON.stringify([was, becomes])
  let difference = run.differences.get(key)
  if (difference === undefined) {
    if (run.differences.size >= differencesKept) return
    difference = { was, becomes, judgements: 0, examples: [] }
    run.differences.set(key, difference)
  }
  difference.judgements++
  if (difference.examples.length < examplesEach) {
    difference.examples.push(exampleOf(action, action.at, was.outcome, becomes.outcome))
  }
}

function said({ outcome, rule }: Verdict): Said {
  return { outcome, rule: rule?.rule ?? null }
}

function reportOf(run: Run): CanaryReport {
  const { canary, candidate, by, at, until, endedAt, judgements, differently, differences } = run
  return {
    canary,
    version: candidate.judge.version,
    by,
    at,
    until,
    endedAt,
    judgements,
    differently,
    differences: [...differences.values()]
      .map((one) => ({ ...one, examples: [...one.examples] }))
      .sort((a, b) => b.judgements - a.judgements),
  }
}
