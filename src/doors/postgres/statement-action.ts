import { type Action, type Actor, CanonicalValue, canonicalJson, type Target, uuidv7 } from '../../action/index.ts'
import type { StatementFacts } from './grammar/index.ts'
import type { Bound } from './prepared.ts'
import type { Step } from './steps.ts'

/** What is the same for every action of a session. */
export class SessionFacts {
  readonly door: string
  readonly actor: Actor
  readonly target: Target
  /** Canonical forms. */
  readonly texts: { readonly actor: string; readonly door: string; readonly target: string }

  constructor(door: string, actor: Actor, target: Target) {
    this.door = door
    this.actor = actor
    this.target = target
    this.texts = { actor: canonicalJson(actor), door: canonicalJson(door), target: canonicalJson(target) }
  }
}

/** What the planner expects, or what was counted. */
export interface Estimate {
  readonly rows: number | null
  /** Counted just before; otherwise the planner's. */
  readonly exact?: boolean
  readonly ofTotal?: number | null
  readonly cascades?: Action['impact']['cascades']
}

/** A step as an Action, complete: the statement whole, with its parameters. */
export function actionOf(
  step: Step,
  session: SessionFacts,
  estimate: Estimate | undefined,
  now: number,
  change?: Action['change'],
): Action {
  return new StatementAction(step, session, estimate, now, change)
}

/**
 * The members stand in canonical order. A statement runs many times and its record repeats most of what was said the
 * last time, so the parts that do not change between two runs are made once for each statement and each session.
 */
class StatementAction extends CanonicalValue implements Action {
  readonly actor: Actor
  readonly at: string
  declare readonly change?: NonNullable<Action['change']>
  readonly door: string
  readonly effects: Action['effects']
  readonly id: string
  readonly impact: Action['impact']
  readonly operation: string
  readonly protocol = 'postgres'
  readonly request: Action['request']
  readonly resources: Action['resources']
  readonly target: Target

  constructor(
    step: Step,
    session: SessionFacts,
    estimate: Estimate | undefined,
    now: number,
    change: Action['change'],
  ) {
    const { facts, bound } = step
    const parts = partsOf(facts)
    const id = uuidv7(now)
    const at = timestamp(now)
    const impact = estimate === undefined ? parts.impact : impactOf(parts.impact, facts.maxRows, estimate)
    const impactText = impact === parts.impact ? parts.impactText : canonicalJson(impact)
    const plain = step.behind === undefined && step.reason === undefined
    const values = plain && bound !== undefined ? parameterTexts(bound) : undefined
    const request = plain
      ? values === undefined
        ? parts.request
        : { ...parts.request, parameters: values }
      : requestOf(step)
    const requestText = plain ? parts.requestText(values) : canonicalJson(request)
    const { texts } = session
    const changeText = change === undefined ? '' : `"change":${canonicalJson(change)},`
    super(
      `{"actor":${texts.actor},"at":"${at}",${changeText}"door":${texts.door}${parts.effectsText},"id":"${id}","impact":${impactText}` +
        `${parts.operationText},"protocol":"postgres","request":${requestText}${parts.resourcesText},"target":${texts.target}}`,
    )
    this.actor = session.actor
    this.at = at
    if (change !== undefined) this.change = change
    this.door = session.door
    this.effects = parts.effects
    this.id = id
    this.impact = impact
    this.operation = facts.operation
    this.request = request
    this.resources = parts.resources
    this.target = session.target
  }
}

function impactOf(known: Action['impact'], maxRows: number | null, estimate: Estimate): Action['impact'] {
  const { rows, exact = false, ofTotal = null, cascades = [] } = estimate
  return { ...known, cascades, exact: maxRows !== null || exact, ofTotal, rows: maxRows ?? rows }
}

/** Everything of an action that follows from what the statement is. */
interface StatementParts {
  readonly effects: Action['effects']
  readonly resources: Action['resources']
  readonly impact: Action['impact']
  /** Without parameters. */
  readonly request: Action['request']
  readonly effectsText: string
  readonly resourcesText: string
  readonly impactText: string
  readonly operationText: string
  readonly requestText: (parameters: readonly (string | null)[] | undefined) => string
}

/** As long as the grammar remembers what a statement does, so are its parts. */
const known = new WeakMap<StatementFacts, StatementParts>()

function partsOf(facts: StatementFacts): StatementParts {
  let parts = known.get(facts)
  if (parts === undefined) {
    parts = makeParts(facts)
    known.set(facts, parts)
  }
  return parts
}

function makeParts(facts: StatementFacts): StatementParts {
  const { effects, resources, functions, settings, traits } = facts
  const named = resources.map(({ type, name }) => ({ labels: {}, name, type }))
  const impact = {
    bounded: facts.bounded,
    cascades: [],
    exact: facts.maxRows !== null,
    objects: facts.objects,
    ofTotal: null,
    reversible: facts.reversible,
    rows: facts.maxRows,
  }
  const before = functions.length > 0 ? { functions: [...functions] } : {}
  const after = {
    ...(settings.length > 0 ? { settings: settings.map(({ name, value }) => ({ name, value })) } : {}),
    statement: facts.text,
    traits: [...traits],
  }
  const beforeText = functions.length > 0 ? `${canonicalJson(before).slice(1, -1)},` : ''
  const afterText = canonicalJson(after).slice(1)
  const request = { ...before, ...after }
  const own = [...effects]
  // Many actions share these.
  for (const shared of [own, named, impact, request]) Object.freeze(shared)
  return {
    effects: own,
    resources: named,
    impact,
    request,
    effectsText: `,"effects":${canonicalJson(effects)}`,
    resourcesText: `,"resources":${canonicalJson(named)}`,
    impactText: canonicalJson(impact),
    operationText: `,"operation":${canonicalJson(facts.operation)}`,
    requestText: (parameters) => {
      const parametersText = parameters === undefined ? '' : `"parameters":${canonicalJson(parameters)},`
      return `{${beforeText}${parametersText}${afterText}`
    },
  }
}

/** The request of a statement that stands for another one, or that was not understood. */
function requestOf({ facts, text, bound, behind, reason }: Step): Action['request'] {
  return {
    ...partsOf(facts).request,
    ...(behind === undefined ? {} : { prepared: behind }),
    ...(bound === undefined ? {} : { parameters: parameterTexts(bound) }),
    ...(reason === undefined ? {} : { unknownBecause: reason, statementBase64: text.bytes.toString('base64') }),
  }
}

/** Formatting a date costs more than most of what is done for a statement; many share a millisecond. */
let formatted = { ms: Number.NaN, text: '' }

function timestamp(ms: number): string {
  if (ms !== formatted.ms) formatted = { ms, text: new Date(ms).toISOString() }
  return formatted.text
}

function parameterTexts({ values, formats }: Bound): (string | null)[] {
  return values.map((value, i) => parameterText(value, formats[i]))
}

/** Text parameters as text; binary ones, and text that is not UTF-8, as PostgreSQL writes bytea in hex: `\x…`. */
function parameterText(value: Buffer | null, format: number | undefined): string | null {
  if (value === null) return null
  if (format !== 1) {
    const text = value.toString('utf8')
    if (!text.includes('\uFFFD')) return text
  }
  return `\\x${value.toString('hex')}`
}
