import { errorMessage } from '../../../errors/index.ts'
import { type DoorGrammar, noNames, type StatementFacts } from '../grammar/index.ts'
import type { Step } from '../steps.ts'
import { withLearned } from './apply.ts'
import { catalogQuery, pulseQuery } from './catalog-query.ts'
import { pulseSchema, routineOf } from './info.ts'
import { Learner } from './learn.ts'
import type { Learned } from './learned.ts'
import type { SharedCatalog } from './shared-catalog.ts'
import { type Missing, pathKey, Reader, readAnswer, Shelf } from './shelf.ts'

/** Asks the server on the client's own connection; the first column of the first row, or why there is none. */
export type Ask = (
  sql: string,
  parameters: readonly (string | null)[],
) => Promise<{ readonly answer: string } | { readonly error: string }>

/** A step with what the catalog told about it; undefined: there was nothing to ask. */
export interface KnownStep {
  readonly step: Step
  readonly learned: Learned | undefined
}

/** Settings on which the meaning of names depends. */
const namingSettings = new Set(['search_path', 'role', 'session_authorization', 'all'])

/** Rounds of questions for one message: each follows what the one before brought to light. */
const mostRounds = 12

/**
 * The catalog as one session sees it. Names mean what the session's search path makes of them, so answers are kept by
 * search path; a session with temporary objects, or with changes it has not committed, keeps its own.
 */
export class SessionCatalog {
  readonly #shared: SharedCatalog
  readonly #grammar: () => DoorGrammar
  #path: readonly string[] | undefined
  #own: Map<string, Shelf> | undefined
  /** This session has changed the catalog, or may have, since it was last idle. */
  #changed = false
  /** A setting was changed that the end of the transaction may take back. */
  #pathTouched = false

  constructor(shared: SharedCatalog, grammar: () => DoorGrammar) {
    this.#shared = shared
    this.#grammar = grammar
  }

  /**
   * What the steps of one message do, with the catalog's help. At once where everything is known; otherwise it asks.
   * @param idle no transaction is open
   */
  look(steps: readonly Step[], idle: boolean, ask: Ask): readonly KnownStep[] | Promise<readonly KnownStep[]> {
    if (steps.every(({ facts }) => facts.names === noNames)) return steps.map(unasked)
    if (idle && this.#changed) {
      this.#changed = false
      this.#own = undefined
      this.#shared.forget()
    }
    if (this.#path !== undefined && !this.#shared.isStale) {
      const remembered = this.#remembered(steps)
      if (remembered !== undefined) return remembered
      const reader = new Reader(this.#shelves)
      const known = this.#learn(steps, reader)
      if (reader.missing.size === 0) return known
    }
    return this.#ask(steps, ask)
  }

  /** Where everything was worked out before, and no step changes what the names of the next one mean. */
  #remembered(steps: readonly Step[]): readonly KnownStep[] | undefined {
    const shelf = this.#shelves(null)
    const known: KnownStep[] = []
    for (const step of steps) {
      const { facts } = step
      if (steps.length > 1 && (changesNaming(facts) || changesCode(facts) || facts.names.creates.length > 0))
        return undefined
      if (facts.names === noNames) known.push(unasked(step))
      else {
        const learned = shelf.learned.get(facts.names)
        if (learned === undefined) return undefined
        const more = withLearned(facts, learned, this.#isShadowed)
        known.push({ step: more === facts ? step : { ...step, facts: more }, learned })
      }
    }
    return known
  }

  /** Steps were handed to the server. */
  ran(steps: readonly Step[]): void {
    for (const { facts } of steps) {
      if (isTemporary(facts)) {
        // Nobody else's names are touched; a table of the session's own may hide, or uncover, another.
        this.#own = new Map()
        this.#path = undefined
      } else if (changesCatalog(facts)) {
        this.#changed = true
        this.#own ??= new Map()
        this.#path = undefined
      }
      if (changesNaming(facts)) {
        this.#path = undefined
        this.#pathTouched = true
      }
      if (facts.transaction !== null && this.#pathTouched) {
        this.#path = undefined
        if (facts.transaction === 'commit' || facts.transaction === 'rollback') this.#pathTouched = false
      }
    }
  }

  readonly #shelves = (path: readonly string[] | null): Shelf => {
    const under = path ?? this.#path ?? []
    if (this.#own === undefined && !under.some((schema) => schema.startsWith('pg_temp')))
      return this.#shared.shelf(under)
    this.#own ??= new Map()
    const key = pathKey(under)
    const known = this.#own.get(key)
    if (known !== undefined) return known
    const shelf = new Shelf()
    this.#own.set(key, shelf)
    return shelf
  }

  async #ask(steps: readonly Step[], ask: Ask): Promise<readonly KnownStep[]> {
    try {
      if (this.#path === undefined || this.#shared.isStale) await this.#pulse(ask)
      // Uncommitted changes come and go with savepoints: what is known of them is known for one message.
      if (this.#changed) this.#own = new Map()
      for (let round = 0; round < mostRounds; round++) {
        const reader = new Reader(this.#shelves)
        const known = this.#learn(steps, reader)
        if (reader.missing.size === 0) return known
        for (const missing of reader.missing.values()) await this.#fetch(missing, ask)
      }
      return steps.map((step) => unreadable(step, 'What it calls goes deeper than is followed.'))
    } catch (error) {
      return steps.map((step) => unreadable(step, `The catalog could not be asked: ${errorMessage(error)}.`))
    }
  }

  async #pulse(ask: Ask): Promise<void> {
    const { path, mark } = pulseSchema.parse(JSON.parse(answerOf(await ask(pulseQuery, []))))
    this.#path = path
    this.#shared.pulse(mark)
  }

  async #fetch({ path, asked }: Missing, ask: Ask): Promise<void> {
    const questions = [...asked.values()]
    const json = answerOf(
      await ask(catalogQuery, [JSON.stringify(questions), path === null ? null : arrayLiteral(path)]),
    )
    const answer = readAnswer(json)
    await this.#grammar().readBodies(answer.functions.flatMap((routine) => routineOf(routine) ?? []))
    this.#shelves(path).put(questions, answer, json.length)
  }

  #learn(steps: readonly Step[], reader: Reader): readonly KnownStep[] {
    let under = reader
    let lost = false
    const fresh = new Set<string>()
    return steps.map((step): KnownStep => {
      const { facts } = step
      const known = this.#known(step, under, lost, fresh)
      lost ||= changesCode(facts)
      for (const name of facts.names.creates) if (under.relation(name) === null) fresh.add(name.name)
      if (changesNaming(facts)) {
        const path = this.#pathSetBy(facts)
        if (path === undefined) lost = true
        else under = reader.under(path)
      }
      return known
    })
  }

  #known(step: Step, reader: Reader, lost: boolean, fresh: ReadonlySet<string>): KnownStep {
    const { facts } = step
    if (facts.names === noNames) return unasked(step)
    if (lost) return unreadable(step, 'An earlier statement of the same message changes what names mean.')
    const learn = () => Learner.learn(facts, reader, this.#grammar(), fresh)
    const learned = fresh.size > 0 ? learn() : reader.remember(facts.names, learn)
    const more = withLearned(facts, learned, this.#isShadowed)
    return { step: more === facts ? step : { ...step, facts: more }, learned }
  }

  /** The search path after a SET that says what it is to be; undefined: it cannot be told. */
  #pathSetBy({ settings, effects }: StatementFacts): readonly string[] | undefined {
    const [only, second] = settings
    if (second !== undefined || effects.length > 0 || only?.name !== 'search_path' || only.value === null)
      return undefined
    const listed = only.value.split(',').map((part) => part.trim().replace(/^"(.*)"$/, '$1'))
    if (listed.some((part) => part === '$user' || part === 'pg_temp')) return undefined
    const temporary = (this.#path ?? []).filter((schema) => schema.startsWith('pg_temp'))
    return [...temporary, ...(listed.includes('pg_catalog') ? listed : ['pg_catalog', ...listed])]
  }

  /** A schema of somebody's own stands before PostgreSQL's: no name can be trusted to be PostgreSQL's own. */
  get #isShadowed(): boolean {
    const [first, second] = this.#path ?? []
    return first !== undefined && first !== 'pg_catalog' && !(first.startsWith('pg_temp') && second === 'pg_catalog')
  }
}

function unasked(step: Step): KnownStep {
  return { step, learned: undefined }
}

function unreadable(step: Step, reason: string): KnownStep {
  const { facts } = step
  if (facts.names === noNames) return unasked(step)
  const effects = [...new Set([...facts.effects, 'unknown' as const])].sort()
  return { step: { ...step, facts: { ...facts, effects }, reason }, learned: undefined }
}

function answerOf(reply: { readonly answer: string } | { readonly error: string }): string {
  if ('error' in reply) throw new Error(reply.error)
  return reply.answer
}

function arrayLiteral(items: readonly string[]): string {
  return `{${items.map((item) => `"${item.replaceAll(/["\\]/g, '\\$&')}"`).join(',')}}`
}

/** It makes or drops something that is gone with the session, and does nothing else. */
function isTemporary({ effects, operation, traits }: StatementFacts): boolean {
  return (
    traits.includes('temporary') &&
    /^(CREATE|DROP) /.test(operation) &&
    effects.every((effect) => effect === 'read' || effect === 'deploy')
  )
}

function changesCatalog({ effects }: StatementFacts): boolean {
  return effects.some((effect) => !/^(read|write|delete|disrupt|export)$/.test(effect))
}

function changesNaming({ settings }: StatementFacts): boolean {
  return settings.some(({ name }) => namingSettings.has(name))
}

/** Whether names of code or relations may mean something else afterwards; new tables and columns take no name away. */
function changesCode({ effects, operation, traits }: StatementFacts): boolean {
  if (!effects.includes('deploy')) return effects.includes('execute') && !traits.includes('function-call')
  return (
    traits.includes('rename') ||
    !/^(CREATE (TABLE|INDEX|SEQUENCE|SCHEMA)|ALTER TABLE|COMMENT|ANALYZE|VACUUM|SELECT)$/.test(operation)
  )
}
