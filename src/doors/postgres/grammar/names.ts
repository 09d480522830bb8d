/** A name as the catalog knows it: without quotes, in the case it is stored in. */
export interface CatalogName {
  /** null: by the search path. */
  readonly schema: string | null
  readonly name: string
}

export type WriteUse = 'insert' | 'update' | 'delete' | 'truncate'

/** A column that a condition sets equal to something known without looking at the row. */
export interface Equality {
  readonly column: string
  /** How many values it may have: 1 for `=`, the length of an IN list. */
  readonly values: number
  /** A bare name it is compared with: a variable, unless the table has a column of that name. */
  readonly variable?: string
}

/** One write that a statement does to one relation. */
export interface Write {
  readonly relation: CatalogName
  readonly use: WriteUse
  /** Nothing limits which rows. */
  readonly unlimited: boolean
  /** Equalities that every row written must meet; empty: none known. */
  readonly equalities: readonly Equality[]
  /** TRUNCATE … CASCADE. */
  readonly cascade?: true
}

/** What a statement names, for the catalog to explain. */
export interface StatementNames {
  readonly relations: readonly CatalogName[]
  readonly functions: readonly CatalogName[]
  readonly operators: readonly CatalogName[]
  readonly types: readonly CatalogName[]
  readonly writes: readonly Write[]
  /** Relations that DROP names. */
  readonly drops: readonly CatalogName[]
  /** Tables that are made. */
  readonly creates: readonly CatalogName[]
  /** Columns referred to, by their last name; `*` for all of a relation's. */
  readonly columns: readonly string[]
  /** Names by which whole rows can be referred to, with the relation they stand for. */
  readonly aliases: readonly { readonly alias: string; readonly relation: CatalogName }[]
  /** A query that reads with nothing that limits it but maybe LIMIT. */
  readonly limit: number | null
  /** It starts reading somewhere after the first row. */
  readonly offset: boolean
  /** Its conditions pick rows by the equality of a column to one value or few. */
  readonly picked: readonly Equality[]
  /** An aggregate carries the content of all rows read. */
  readonly collects: boolean
  /** It may go through far more rows than its tables have: sources that nothing joins, or rows made up. */
  readonly multiplies: boolean
  /** It goes through rows of something, so what it calls may run many times. */
  readonly repeats: boolean
}

export const noNames: StatementNames = {
  relations: [],
  functions: [],
  operators: [],
  types: [],
  writes: [],
  drops: [],
  creates: [],
  columns: [],
  aliases: [],
  limit: null,
  offset: false,
  picked: [],
  collects: false,
  multiplies: false,
  repeats: false,
}

/** Whether there is nothing in them that the catalog could explain. */
export function namesNothing(names: StatementNames): boolean {
  const { relations, functions, operators, types, drops, creates, multiplies } = names
  const lists = [relations, functions, operators, types, drops, creates]
  return lists.every(({ length }) => length === 0) && !multiplies
}

/** A dotted name in its parts; a database in front of the schema can only be the session's own. */
function catalogName(parts: readonly string[]): CatalogName | undefined {
  const name = parts.at(-1)
  return name === undefined || name === '' ? undefined : { schema: parts.at(-2) || null, name }
}

/** Collects names while a tree is walked. */
export class NamesBuilder {
  readonly #sets = {
    relations: new Map<string, CatalogName>(),
    functions: new Map<string, CatalogName>(),
    operators: new Map<string, CatalogName>(),
    types: new Map<string, CatalogName>(),
    drops: new Map<string, CatalogName>(),
    creates: new Map<string, CatalogName>(),
  }
  readonly columns = new Set<string>()
  readonly writes: Write[] = []
  readonly aliases: { alias: string; relation: CatalogName }[] = []
  outermostSeen = false
  limit: number | null = null
  offset = false
  picked: readonly Equality[] = []
  collects = false
  multiplies = false
  repeats = false

  get isEmpty(): boolean {
    const { relations, functions, operators, types, drops, creates } = this.#sets
    return (
      relations.size + functions.size + operators.size + types.size + drops.size + creates.size === 0 &&
      !this.multiplies
    )
  }

  relation(parts: readonly string[], alias?: string): CatalogName | undefined {
    const relation = this.#add('relations', parts)
    if (relation !== undefined) this.aliases.push({ alias: alias || relation.name, relation })
    return relation
  }

  function(parts: readonly string[]): void {
    // What is said to be PostgreSQL's own is.
    if (parts.length < 2 || parts.at(-2) !== 'pg_catalog') this.#add('functions', parts)
  }

  operator(parts: readonly string[]): void {
    if (parts.length < 2 || parts.at(-2) !== 'pg_catalog') this.#add('operators', parts)
  }

  type(parts: readonly string[]): void {
    if (parts.length < 2 || parts.at(-2) !== 'pg_catalog') this.#add('types', parts)
  }

  create(parts: readonly string[]): void {
    this.#add('creates', parts)
  }

  drop(parts: readonly string[]): void {
    this.#add('drops', parts)
  }

  /** What is done again and again is not bounded by a key. */
  forgetEqualities(): void {
    for (const [i, write] of this.writes.entries()) this.writes[i] = { ...write, equalities: [] }
  }

  absorb(from: StatementNames): void {
    for (const kind of ['relations', 'functions', 'operators', 'types', 'drops', 'creates'] as const)
      for (const name of from[kind]) this.#sets[kind].set(`${name.schema ?? ''} ${name.name}`, name)
    for (const column of from.columns) this.columns.add(column)
    this.writes.push(...from.writes)
    this.aliases.push(...from.aliases)
    this.collects ||= from.collects
    this.multiplies ||= from.multiplies
    this.repeats ||= from.repeats
  }

  #add(kind: 'relations' | 'functions' | 'operators' | 'types' | 'drops' | 'creates', parts: readonly string[]) {
    const name = catalogName(parts)
    if (name !== undefined) this.#sets[kind].set(`${name.schema ?? ''} ${name.name}`, name)
    return name
  }

  build(): StatementNames {
    const { relations, functions, operators, types, drops, creates } = this.#sets
    return {
      relations: [...relations.values()],
      functions: [...functions.values()],
      operators: [...operators.values()],
      types: [...types.values()],
      drops: [...drops.values()],
      creates: [...creates.values()],
      writes: this.writes,
      columns: [...this.columns],
      aliases: this.aliases,
      limit: this.limit,
      offset: this.offset,
      picked: this.picked,
      collects: this.collects,
      multiplies: this.multiplies,
      repeats: this.repeats,
    }
  }
}
