import type { Effect } from '../../../action/index.ts'
import {
  type CatalogName,
  type DoorGrammar,
  type Equality,
  isAuditName,
  type StatementFacts,
  type Write,
  type WriteUse,
} from '../grammar/index.ts'
import { computesOnly } from './extensions.ts'
import { type Cascade, type RelationInfo, type RoutineInfo, routineOf } from './info.ts'
import type { Learned, Reach } from './learned.ts'
import { personalColumns, secretColumns } from './sensitive.ts'
import type { Reader } from './shelf.ts'

/** Functions, views and rules are followed this deep. */
const deepest = 8

const triggerBits: Readonly<Record<WriteUse, number>> = { insert: 4, delete: 8, update: 16, truncate: 32 }
const ruleEvents: Readonly<Record<string, WriteUse>> = { '2': 'update', '3': 'insert', '4': 'delete' }
const procedures = 1255
const relations = 1259

/** Goes through everything that running a statement brings in, as far as the catalog tells. */
export class Learner {
  readonly #grammar: DoorGrammar
  readonly #effects = new Set<Effect>()
  readonly #traits = new Set<string>()
  readonly #resources = new Map<string, { type: string; name: string }>()
  readonly #seen = new Set<string>()
  #writes: Reach = 'none'
  #unlimited = false
  #unanalysed = false

  constructor(grammar: DoorGrammar) {
    this.#grammar = grammar
  }

  /**
   * What a statement does beyond its text. Names that are not known yet are noted by the reader.
   * @param fresh tables that the same message makes: nothing of anybody's is in them
   */
  static learn(facts: StatementFacts, reader: Reader, grammar: DoorGrammar, fresh: ReadonlySet<string>): Learned {
    const learner = new Learner(grammar)
    learner.#names(facts, reader, 0)
    return learner.#learned(facts, reader, fresh)
  }

  #learned(facts: StatementFacts, reader: Reader, fresh: ReadonlySet<string>): Learned {
    const { names } = facts
    const targets = names.writes.map(({ relation }) => reader.relation(relation))
    const counted = new Set(targets.length > 0 ? targets : names.relations.map((name) => reader.relation(name)))
    const drops = names.drops.map((name) => reader.relation(name))
    const written = [...names.writes.map(({ relation }) => relation), ...names.drops]
    const isOwn = (name: CatalogName) => {
      const info = reader.relation(name)
      return info ? info.persistence === 't' : fresh.has(name.name)
    }
    const [only] = counted
    this.#sensitive(facts, reader)
    const learned = {
      effects: [...this.#effects],
      traits: [...this.#traits],
      writes: this.#writes,
      unlimited: this.#unlimited,
      maxRows: keyedRows(names.writes, reader),
      temporaryOnly: written.length > 0 && written.every((name) => isOwn(name)),
      nothingToDrop:
        drops.length > 0 && drops.every((info) => info === null) && !names.drops.some(({ name }) => fresh.has(name)),
      cascades: names.writes.flatMap((write) => closure(write, reader.relation(write.relation))),
      ofTotal: only !== null && only !== undefined && only.rows >= 0 && counted.size === 1 ? only.rows : null,
      emptied: names.writes.flatMap((write) => emptiedBy(write, reader.relation(write.relation))),
      countReads: this.#countReads(facts),
      picks: picksOf(facts, reader),
      unanalysed: this.#unanalysed,
      resources: [...this.#resources.values()],
    }
    return { ...learned, adds: addsTo(facts, learned) }
  }

  /** Follows every name of a statement or body. */
  #names(facts: StatementFacts, reader: Reader, depth: number): void {
    const { names } = facts
    for (const name of names.relations) {
      const info = reader.relation(name)
      if (info) this.#reach(info, 'read', false, reader, depth)
    }
    for (const write of names.writes) {
      const info = reader.relation(write.relation)
      if (info) this.#reach(info, write.use, write.unlimited, reader, depth)
    }
    for (const name of names.functions) {
      const known = reader.routines(name)
      for (const info of known) this.#routine(info, reader, depth)
    }
    for (const name of names.operators) for (const oid of reader.operator(name)) this.#routineOid(oid, reader, depth)
    for (const name of names.types) for (const oid of reader.type(name)) this.#routineOid(oid, reader, depth)
    if (facts.opaqueByName && this.#unresolved(facts, reader)) this.#effects.add('execute')
  }

  /** A function that is neither PostgreSQL's own nor in the catalog: nobody knows what it would be. */
  #unresolved({ functions, names }: StatementFacts, reader: Reader): boolean {
    const written = new Set(functions)
    return names.functions.some((name) => {
      if (!written.has(name.schema === null ? name.name : `${name.schema}.${name.name}`)) return false
      return reader.routines(name).length === 0
    })
  }

  #reach(info: RelationInfo, use: WriteUse | 'read', unlimited: boolean, reader: Reader, depth: number): void {
    const key = `${info.oid} ${use}`
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    if (depth > deepest) return this.#opaque(`${info.schema}.${info.name}`)
    if (info.rows < 0 && /[rm]/.test(info.kind) && (info.live === 0 || info.live > small) && info.persistence !== 't')
      this.#unanalysed = true
    for (const { use: when, class: kind, oid } of info.code) {
      if (when === 'w' && use !== 'insert' && use !== 'update') continue
      // What a materialized view is made of runs when it is refreshed, not when it is read.
      if (info.kind === 'm' && use === 'read') continue
      if (kind === procedures) this.#routineOid(oid, reader, depth)
      // A view reads what it is made of; the sequence behind a default is only counted on.
      else if (kind === relations && when === 'a') this.#reachOid(oid, 'read', false, reader, depth + 1)
    }
    if (use === 'read') return
    if (info.kind === 'f') this.#effects.add('export')
    let replaced = false
    for (const { type, function: oid } of info.triggers) {
      if ((type & triggerBits[use]) === 0) continue
      if ((type & 64) !== 0) replaced = true
      this.#routineOid(oid, reader, depth)
    }
    for (const { event, instead, definition } of info.rules) {
      if (ruleEvents[event] !== use) continue
      replaced ||= instead
      this.#rule(definition, `${info.schema}.${info.name}`, reader, depth)
    }
    for (const oid of info.partitions) this.#reachOid(oid, use, unlimited, reader, depth + 1)
    if (use === 'delete') this.#takesAlong(info, reader, depth)
    // Writing to a simple view writes to the table under it.
    if (info.kind === 'v' && !replaced)
      for (const { class: kind, oid } of info.code)
        if (kind === relations) this.#reachOid(oid, use, unlimited, reader, depth + 1)
  }

  /** Rows of other tables that go, or lose their reference, with those of this one: their triggers run too. */
  #takesAlong({ oid, cascades }: RelationInfo, reader: Reader, depth: number): void {
    for (const { parent, child, onDelete } of cascades) {
      if (parent !== oid || !/[cnd]/.test(onDelete)) continue
      const info = reader.relationByOid(child)
      if (!info) continue
      if (isAuditName(info.name)) this.#traits.add('audit-table')
      this.#reach(info, onDelete === 'c' ? 'delete' : 'update', false, reader, depth + 1)
    }
  }

  #reachOid(oid: number, use: WriteUse | 'read', unlimited: boolean, reader: Reader, depth: number): void {
    const info = reader.relationByOid(oid)
    if (!info || info.kind === 'S') return
    if (use !== 'read' && use !== 'insert') this.#changes(info.name, `${info.schema}.${info.name}`)
    this.#reach(info, use, unlimited, reader, depth)
  }

  #rule(definition: string, on: string, reader: Reader, depth: number): void {
    const understood = this.#grammar.understand(definition)
    const [rule] = understood.kind === 'understood' ? understood.statements : []
    if (rule === undefined || rule.effects.includes('unknown')) return this.#opaque(on)
    // Making the rule would be code to be looked at; here it is made, and what it does is known.
    this.#does(
      rule,
      rule.effects.filter((effect) => effect !== 'deploy' && effect !== 'execute'),
      reader,
      depth,
    )
  }

  #routineOid(oid: number, reader: Reader, depth: number): void {
    // PostgreSQL's own functions, as parts of an operator or trigger, do nothing but compute.
    if (oid < 16_384) return
    const info = reader.routineByOid(oid)
    if (info !== undefined) this.#routine(info, reader, depth)
  }

  #routine(info: RoutineInfo, reader: Reader, depth: number): void {
    const key = `f ${info.oid}`
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    const name = `${info.schema}.${info.name}`
    if (computesOnly(info.extension)) return
    if (info.parts !== null) {
      for (const part of info.parts) this.#routineOid(part, reader, depth + 1)
      return
    }
    for (const oid of info.uses) this.#routineOid(oid, reader, depth + 1)
    this.#resources.set(name, { type: 'function', name })
    const routine = depth > deepest ? undefined : routineOf(info)
    if (routine === undefined) return this.#opaque(name)
    const facts = this.#grammar.understandBody(routine)
    if (facts === undefined || facts.traits.includes('dynamic-sql')) return this.#opaque(name)
    const own = facts.effects.filter((effect) => effect !== 'execute' || !facts.opaqueByName)
    const path = searchPathOf(info.settings)
    this.#does(facts, own, path === undefined ? reader : reader.under(path), depth)
  }

  /** Takes what code does as part of the statement. */
  #does(facts: StatementFacts, effects: readonly Effect[], reader: Reader, depth: number): void {
    for (const effect of effects) this.#effects.add(effect)
    for (const trait of facts.traits) if (trait !== 'full-table-read') this.#traits.add(trait)
    for (const { use, relation } of facts.names.writes)
      if (use !== 'insert') this.#changes(relation.name, `${relation.schema ?? 'public'}.${relation.name}`)
    if (!facts.bounded) this.#unlimited = true
    const permanent = facts.names.writes.filter(({ relation }) => reader.relation(relation)?.persistence !== 't')
    const changes = permanent.filter(({ use }) => use !== 'insert')
    if (changes.length > 0) {
      const keyed = changes.every((write) => keyedRows([write], reader) !== null)
      this.#writes = keyed && this.#writes !== 'open' ? 'keyed' : 'open'
    } else if (facts.effects.includes('delete')) this.#writes = 'open'
    this.#names(facts, reader, depth + 1)
  }

  /** Code behind the statement takes rows of a table away or changes them. */
  #changes(bare: string, name: string): void {
    this.#resources.set(`table ${name}`, { type: 'table', name })
    if (isAuditName(bare)) this.#traits.add('audit-table')
  }

  #opaque(name: string): void {
    this.#effects.add('execute')
    this.#resources.set(name, { type: 'function', name })
  }

  /** Marks reads of columns whose names say that they hold personal data or secrets. */
  #sensitive({ names, effects }: StatementFacts, reader: Reader): void {
    if (!effects.includes('read')) return
    const mentioned = new Set(names.columns)
    const whole = (relation: CatalogName) =>
      mentioned.has('*') ||
      names.aliases.some((known) => sameName(known.relation, relation) && mentioned.has(known.alias)) ||
      (mentioned.size === 0 && names.writes.length === 0)
    for (const relation of names.relations) {
      const info = reader.relation(relation)
      if (!info || info.persistence === 't' || info.schema === 'pg_catalog' || info.schema === 'information_schema')
        continue
      const read = whole(relation) ? info.columns : info.columns.filter((column) => mentioned.has(column))
      if (personalColumns(read).length > 0) this.#traits.add('personal-data')
      if (secretColumns(read).length > 0) this.#traits.add('secret-data')
    }
    if (names.offset && (names.limit ?? largePage) >= largePage) this.#traits.add('paged-read')
  }

  #countReads({ names, effects }: StatementFacts): boolean {
    if (names.multiplies) return true
    if (!effects.includes('read')) return false
    if (!this.#traits.has('personal-data') && !this.#traits.has('secret-data')) return false
    return names.limit === null || names.limit >= 100 || names.collects
  }
}

/** More rows than anybody looks at on one page. */
const largePage = 500

/** Rows in a table that is small whatever the planner thinks of it. */
const small = 200

function picksOf({ names, operation }: StatementFacts, reader: Reader): Learned['picks'] {
  const [write, ...more] = names.writes
  if (write === undefined || (more.length > 0 && operation !== 'MERGE')) return undefined
  if (operation !== 'MERGE' && write.use !== 'delete' && write.use !== 'update') return undefined
  const info = reader.relation(write.relation)
  const alias = names.aliases.find(({ relation }) => sameName(relation, write.relation))?.alias
  if (!info || !/[rp]/.test(info.kind) || alias === undefined) return undefined
  const table = `${quoted(info.schema)}.${quoted(info.name)}`
  const name = `${info.schema}.${info.name}`
  return { alias: quoted(alias), root: info.oid, table, name, key: info.keys[0] ?? [] }
}

function sameName(a: CatalogName, b: CatalogName): boolean {
  return a.name === b.name && a.schema === b.schema
}

function addsTo(facts: StatementFacts, learned: Omit<Learned, 'adds'>): boolean {
  return (
    facts.opaqueByName ||
    learned.writes !== 'none' ||
    learned.unlimited ||
    learned.temporaryOnly ||
    learned.nothingToDrop ||
    learned.resources.length > 0 ||
    (learned.maxRows !== null && facts.maxRows === null) ||
    learned.effects.some((effect) => !facts.effects.includes(effect)) ||
    learned.traits.some((trait) => !facts.traits.includes(trait))
  )
}

function searchPathOf(settings: readonly string[] | null): readonly string[] | undefined {
  const setting = settings?.find((one) => one.startsWith('search_path='))
  if (setting === undefined) return undefined
  const listed = setting
    .slice('search_path='.length)
    .split(',')
    .map((part) => part.trim().replace(/^"(.*)"$/, '$1'))
    .filter((part) => part !== '' && part !== '$user')
  return listed.includes('pg_catalog') ? listed : ['pg_catalog', ...listed]
}

/** Rows that writes can touch at most: each must be an INSERT, or name every column of a unique key. */
function keyedRows(writes: readonly Write[], reader: Reader): number | null {
  let rows = 0
  for (const write of writes) {
    if (write.use === 'insert') return null
    const info = reader.relation(write.relation)
    const found = info ? keyedBy(info, write.equalities) : null
    if (found === null) return null
    rows += found
  }
  return writes.length === 0 ? null : rows
}

export function keyedBy(info: RelationInfo, equalities: readonly Equality[]): number | null {
  const certain = equalities.filter(({ variable }) => variable === undefined || !info.columns.includes(variable))
  let best: number | null = null
  for (const key of info.keys) {
    const values = key.map((column) => certain.find((equality) => equality.column === column)?.values)
    if (key.length === 0 || !values.every((value) => value !== undefined)) continue
    const rows = values.reduce((product, value) => product * value, 1)
    best = best === null ? rows : Math.min(best, rows)
  }
  return best
}

/** Foreign keys through which deleting rows of a table reaches others: all the way down ON DELETE CASCADE. */
function closure(write: Write, info: RelationInfo | null | undefined): readonly Cascade[] {
  if (!info || write.use !== 'delete') return []
  const found: Cascade[] = []
  const reached = new Set([info.oid])
  const parents = [info.oid]
  for (let parent = parents.pop(); parent !== undefined; parent = parents.pop()) {
    for (const edge of info.cascades) {
      if (edge.parent !== parent || !/[cnd]/.test(edge.onDelete) || found.includes(edge)) continue
      found.push(edge)
      if (edge.onDelete === 'c' && !reached.has(edge.child)) {
        reached.add(edge.child)
        parents.push(edge.child)
      }
    }
  }
  return found
}

function emptiedBy(write: Write, info: RelationInfo | null | undefined): readonly string[] {
  if (!info || write.use !== 'truncate') return []
  const own = `${quoted(info.schema)}.${quoted(info.name)}`
  return write.cascade === true ? [own, ...info.cascades.map(({ table }) => table)] : [own]
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
