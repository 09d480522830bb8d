import type { Effect } from '../../../action/index.ts'
import type { StatementFacts, StatementNames } from '../grammar/index.ts'
import type { Learned } from './learned.ts'

/** What the catalog makes different about facts. */
type Difference = Partial<
  Pick<
    StatementFacts,
    'effects' | 'traits' | 'resources' | 'bounded' | 'maxRows' | 'explainable' | 'functions' | 'objects' | 'reversible'
  >
>

interface Applied<T> {
  readonly learned: Learned
  readonly shadowed: boolean
  readonly made: T
}

/** Facts of one text, made once. */
const ofFacts = new WeakMap<StatementFacts, Applied<StatementFacts>>()

/** What is the same for every text with other literals. */
const ofNames = new WeakMap<StatementNames, Applied<Difference>>()

/**
 * What a statement does, by its text and the catalog together.
 * @param shadowed the search path lets other schemas stand in for PostgreSQL's own
 */
export function withLearned(facts: StatementFacts, learned: Learned, shadowed: boolean): StatementFacts {
  if (!learned.adds && !shadowed) return facts
  const known = ofFacts.get(facts)
  if (known?.learned === learned && known.shadowed === shadowed) return known.made
  const made = { ...facts, ...differenceOf(facts, learned, shadowed) }
  ofFacts.set(facts, { learned, shadowed, made })
  return made
}

function differenceOf(facts: StatementFacts, learned: Learned, shadowed: boolean): Difference {
  // EXECUTE shares the names of what it runs, but not all that is said of it.
  if (facts.executes !== undefined) return difference(facts, learned, shadowed)
  const known = ofNames.get(facts.names)
  if (known?.learned === learned && known.shadowed === shadowed) return known.made
  const made = difference(facts, learned, shadowed)
  ofNames.set(facts.names, { learned, shadowed, made })
  return made
}

const ownEffects = new Set<Effect>(['write', 'delete', 'destroy', 'conceal'])

function difference(facts: StatementFacts, learned: Learned, shadowed: boolean): Difference {
  if (learned.nothingToDrop) return { effects: [], objects: 0, reversible: 'yes' }
  const effects = new Set<Effect>([
    // A name in the text made it `execute` until the catalog told what is behind it.
    ...facts.effects.filter((effect) => effect !== 'execute' || !facts.opaqueByName),
    ...learned.effects,
  ])
  const quiet =
    learned.temporaryOnly && learned.writes === 'none' && learned.effects.every((effect) => effect === 'read')
  // What touches nothing but temporary tables is gone with the session.
  if (quiet) for (const effect of ownEffects) effects.delete(effect)
  if (shadowed) effects.add('unknown')
  // What writes one row when it is called writes many when a query calls it for each of its own.
  const many = learned.writes === 'keyed' && facts.names.repeats && facts.names.writes.length === 0
  const open = learned.writes === 'open' || learned.unlimited || many
  const traits = new Set([...facts.traits, ...learned.traits])
  if (quiet) traits.add('temporary')
  return {
    effects: [...effects].sort(),
    traits: [...traits].sort(),
    resources: unique([...facts.resources, ...learned.resources]),
    bounded: quiet || (facts.bounded && !learned.unlimited),
    maxRows: open ? null : (facts.maxRows ?? learned.maxRows),
    // Nobody can say how many rows code behind a name touches: the planner sees only the statement.
    explainable: facts.explainable && !open,
    functions: learned.writes === 'none' && !effects.has('execute') ? [] : facts.functions,
  }
}

function unique(resources: StatementFacts['resources']): StatementFacts['resources'] {
  const found = new Map(
    resources.map((resource) => [`${resource.type} ${resource.name.replace(/^public\./, '')}`, resource]),
  )
  return [...found.values()]
}
