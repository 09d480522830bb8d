import type { Effect } from '../../../action/index.ts'
import { NamesBuilder, namesNothing, noNames, type StatementNames } from './names.ts'
import { isTrait, type Trait } from './traits.ts'

export type TransactionControl =
  | 'begin'
  | 'commit'
  | 'rollback'
  | 'savepoint'
  | 'release'
  | 'rollback-to'
  | 'prepare'
  | 'commit-prepared'
  | 'rollback-prepared'

export interface Setting {
  readonly name: string
  /** null: RESET, DEFAULT, or a value not known from the text. */
  readonly value: string | null
}

/** What one statement does, as far as its text tells. */
export interface StatementFacts {
  /** This statement's own text. */
  readonly text: string
  /** In PostgreSQL's command words: DELETE, DROP TABLE, … A CTE that deletes makes a SELECT a DELETE. */
  readonly operation: string
  /** Sorted, without repetition. Empty: touches nothing (BEGIN, a harmless SET). */
  readonly effects: readonly Effect[]
  /** Names as written. */
  readonly resources: readonly { readonly type: string; readonly name: string }[]
  readonly traits: readonly string[]
  /** false: a write with nothing that limits which rows it touches. */
  readonly bounded: boolean
  /** Rows written, where the text alone tells (INSERT … VALUES); null: it does not. */
  readonly maxRows: number | null
  /** Structures touched. */
  readonly objects: number
  readonly reversible: 'yes' | 'no' | 'unknown'
  /** The planner's estimate makes sense, and planning runs no code that is not PostgreSQL's own. */
  readonly explainable: boolean
  /** Functions called that are not PostgreSQL's own, as written. */
  readonly functions: readonly string[]
  /** What the catalog has to explain: relations, functions, operators and types by name, and how rows are picked. */
  readonly names: StatementNames
  /** `execute` is there only because of functions or operators whose code the catalog can show. */
  readonly opaqueByName: boolean
  /** What is said here depends on a number or quoted string in the text, beyond the text of a plain read. */
  readonly literal: boolean
  readonly transaction: TransactionControl | null
  readonly prepares?: { readonly name: string; readonly statement: StatementFacts }
  /** Name of the prepared statement that is run. */
  readonly executes?: string
  readonly deallocates?: string | 'ALL'
  readonly settings: readonly Setting[]
  readonly copy: 'in' | 'out' | null
}

export type Understanding =
  | { readonly kind: 'understood'; readonly statements: readonly StatementFacts[] }
  | { readonly kind: 'unknown'; readonly reason: string }

/** Which operation names a statement when it does several things: the one that matters most. */
const rank = ['SELECT', 'INSERT', 'MERGE', 'UPDATE', 'DELETE', 'TRUNCATE']

/**
 * The same facts, with `noNames` in the place of names that are none: copied from another thread they lose what they
 * share.
 */
export function sharingNoNames(facts: StatementFacts): StatementFacts {
  const { prepares } = facts
  return {
    ...facts,
    ...(namesNothing(facts.names) ? { names: noNames } : {}),
    ...(prepares === undefined ? {} : { prepares: { ...prepares, statement: sharingNoNames(prepares.statement) } }),
  }
}

/** Collects facts while a tree is walked. */
export class FactsBuilder {
  operation: string
  readonly effects = new Set<Effect>()
  readonly traits = new Set<Trait>()
  readonly functions = new Set<string>()
  readonly names = new NamesBuilder()
  /** Names whose code the catalog may show; until then they make the statement `execute`. */
  readonly opaqueNames = new Set<string>()
  literal = false
  readonly settings: Setting[] = []
  readonly #resources = new Map<string, { type: string; name: string }>()
  bounded = true
  maxRows: number | null = null
  objects = 0
  reversible: StatementFacts['reversible'] = 'unknown'
  explainable = false
  transaction: TransactionControl | null = null
  prepares: StatementFacts['prepares']
  executes: string | undefined
  deallocates: string | undefined
  copy: 'in' | 'out' | null = null

  constructor(operation: string) {
    this.operation = operation
  }

  effect(...effects: readonly Effect[]): void {
    for (const effect of effects) this.effects.add(effect)
  }

  trait(...traits: readonly Trait[]): void {
    for (const trait of traits) this.traits.add(trait)
  }

  /** Traits of facts already built. */
  absorbTraits(names: readonly string[]): void {
    for (const name of names) if (isTrait(name)) this.traits.add(name)
  }

  resource(type: string, name: string): void {
    if (name !== '') this.#resources.set(`${type} ${name}`, { type, name })
  }

  /** A command inside the statement: names it if it matters more than what named it so far. */
  command(operation: string): void {
    if (rank.includes(this.operation) && rank.indexOf(operation) > rank.indexOf(this.operation))
      this.operation = operation
  }

  unlimited(): void {
    this.bounded = false
    this.trait('unconditional')
  }

  build(statement: string): StatementFacts {
    const opaqueByName = this.opaqueNames.size > 0 && !this.effects.has('execute')
    const effects = opaqueByName ? [...this.effects, 'execute' as const] : [...this.effects]
    return {
      text: statement,
      operation: this.operation,
      effects: effects.sort(),
      resources: [...this.#resources.values()],
      traits: [...this.traits].sort(),
      bounded: this.bounded,
      maxRows: this.maxRows,
      objects: this.objects,
      reversible: this.reversible,
      explainable: this.explainable,
      functions: [...this.functions],
      names: this.names.isEmpty ? noNames : this.names.build(),
      opaqueByName,
      literal: this.literal,
      transaction: this.transaction,
      ...(this.prepares === undefined ? {} : { prepares: this.prepares }),
      ...(this.executes === undefined ? {} : { executes: this.executes }),
      ...(this.deallocates === undefined ? {} : { deallocates: this.deallocates }),
      settings: this.settings,
      copy: this.copy,
    }
  }
}
