import type { Action, Effect } from '../action/index.ts'
import type { Measured, Unit } from './gate.ts'

/** A unit that has run on the target and is not final yet, as the rules see it: with what it really did. */
export class MeasuredUnit implements Unit {
  readonly origin: Unit
  /** The actions to be judged: one for what was deleted, one for what was changed. Both stand for the same statement. */
  readonly actions: readonly Action[]
  readonly wait: number

  constructor(origin: Unit, measured: Measured, wait: number) {
    this.origin = origin
    this.actions = measuredActions(origin.actions, measured)
    this.wait = wait
  }

  get digest(): string {
    return this.origin.digest
  }

  get unknown(): Unit['unknown'] {
    return this.origin.unknown
  }

  get record(): Unit['record'] {
    return this.origin.record
  }
}

const rowEffects: readonly Effect[] = ['delete', 'write']

/** The action that what was measured is laid to: the first that changes anything, or the one that ends it all. */
export function carrierOf(actions: readonly Action[]): Action | undefined {
  return actions.find((action) => action.effects.some((effect) => effect !== 'read')) ?? actions.at(-1)
}

/** Nothing was touched: no action. */
export function measuredActions(actions: readonly Action[], measured: Measured): Action[] {
  const carrier = carrierOf(actions)
  if (carrier === undefined) return []
  if (measured.unknownBecause !== undefined) return [uncounted(carrier, measured.unknownBecause)]
  const { tables } = measured
  const named = tables.filter(({ table }) => names(carrier, table))
  // A COMMIT or a function names no table, and a partition has another name than its parent.
  const own = named.length > 0 ? named : tables
  const others = tables.filter((table) => !own.includes(table))
  const inserts = /^(INSERT|MERGE|COPY)/.test(carrier.operation)
  const variants: Action[] = []
  const add = (effect: Effect, rowsOf: (table: Measured['tables'][number]) => number) => {
    const rows = own.reduce((sum, table) => sum + rowsOf(table), 0)
    const cascades = others
      .map((table) => ({ table: table.table, rows: rowsOf(table) }))
      .filter((cascade) => cascade.rows > 0)
    if (rows === 0 && cascades.length === 0) return
    variants.push(exactly(carrier, [effect], own, { rows, cascades }))
  }
  add('delete', (table) => table.deleted)
  // What a transaction or a function adds takes nothing away; what an INSERT adds is what it is about.
  add('write', (table) => table.updated + (inserts ? table.inserted : 0))
  if (measured.locked.length > 0) variants.push(destroying(carrier, measured.locked))
  return variants
}

function exactly(
  carrier: Action,
  effects: readonly Effect[],
  own: Measured['tables'],
  impact: Pick<Action['impact'], 'rows' | 'cascades'>,
): Action {
  return {
    ...carrier,
    effects: merged(
      carrier.effects.filter((effect) => !rowEffects.includes(effect)),
      effects,
    ),
    resources: carrier.resources.length > 0 ? carrier.resources : own.map(({ table }) => tableResource(table)),
    impact: {
      ...carrier.impact,
      ...impact,
      exact: true,
      // A COMMIT has no condition of its own: the statements it makes final were judged by theirs.
      bounded: carrier.operation === 'COMMIT' ? true : carrier.impact.bounded,
    },
  }
}

function destroying(carrier: Action, locked: readonly string[]): Action {
  const tables = locked.map((table) => table || 'a table that is gone')
  return {
    ...carrier,
    effects: merged(carrier.effects, ['destroy']),
    resources: [...carrier.resources, ...tables.map(tableResource)],
    impact: { ...carrier.impact, objects: locked.length, reversible: 'no' },
  }
}

function uncounted(carrier: Action, unknownBecause: string): Action {
  return {
    ...carrier,
    effects: merged(carrier.effects, ['unknown']),
    request: { ...carrier.request, unknownBecause },
  }
}

function tableResource(name: string): Action['resources'][number] {
  return { type: 'table', name, labels: {} }
}

function merged(some: readonly Effect[], more: readonly Effect[]): Effect[] {
  return [...new Set([...some, ...more])].sort()
}

/** Whether the action names the table (schema.table), as a statement may write it. */
function names(action: Action, table: string): boolean {
  const bare = table.slice(table.indexOf('.') + 1)
  return action.resources.some(({ name }) => {
    const written = name.replaceAll('"', '')
    return written === table || written === bare
  })
}

/**
 * An approval given on an estimate covers what turns out to be of its order, for the reviewer was told that it is one;
 * what passes this many times over was not what they said yes to.
 */
const estimateFactor = 10
const estimateSlack = 1_000

/**
 * Whether what was approved covers what was measured: no more rows than were exactly known then, and no destruction
 * that was not spoken of.
 */
export function covers(approved: readonly Action[], measured: readonly Action[]): boolean {
  const knew = new Set(approved.flatMap((action) => action.effects))
  const did = measured.flatMap((action) => action.effects)
  if (did.includes('destroy') && !knew.has('destroy')) return false
  if (did.includes('unknown') && !knew.has('unknown')) return false
  // Nobody knew how many: the reviewer said yes to the statement as such.
  if (approved.some((action) => action.impact.rows === null && action.effects.some(isTelling))) return true
  const limit = rowsOf(approved)
  const exact = approved.every((action) => action.impact.exact || action.impact.rows === null)
  return rowsOf(measured) <= (exact ? limit : Math.max(limit * estimateFactor, limit + estimateSlack))
}

function isTelling(effect: Effect): boolean {
  return effect !== 'read'
}

function rowsOf(actions: readonly Action[]): number {
  let sum = 0
  for (const { impact } of actions) {
    sum += impact.rows ?? 0
    for (const { rows } of impact.cascades) sum += rows
  }
  return sum
}
