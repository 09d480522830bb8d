import { type Action, type Actor, canonicalJson, sha256Hex, type Target, uuidv7 } from '../../action/index.ts'
import type { Step } from './steps.ts'

/** What is the same for every action of a session. */
export interface SessionFacts {
  readonly door: string
  readonly actor: Actor
  readonly target: Target
}

/** What the planner expects. */
export interface Estimate {
  readonly rows: number | null
}

/** A step as an Action, complete: the statement whole, with its parameters. */
export function actionOf(step: Step, session: SessionFacts, estimate: Estimate | undefined, now: number): Action {
  const { facts, text, bound } = step
  const rows = facts.maxRows ?? estimate?.rows ?? null
  return {
    id: uuidv7(now),
    at: timestamp(now),
    door: session.door,
    protocol: 'postgres',
    operation: facts.operation,
    effects: [...facts.effects],
    actor: session.actor,
    target: session.target,
    resources: facts.resources.map(({ type, name }) => ({ type, name, labels: {} })),
    impact: {
      rows,
      exact: facts.maxRows !== null,
      ofTotal: null,
      bounded: facts.bounded,
      cascades: [],
      objects: facts.objects,
      reversible: facts.reversible,
    },
    request: {
      statement: facts.text,
      traits: [...facts.traits],
      ...(step.behind === undefined ? {} : { prepared: step.behind }),
      ...(facts.functions.length > 0 ? { functions: [...facts.functions] } : {}),
      ...(facts.settings.length > 0 ? { settings: facts.settings.map(({ name, value }) => ({ name, value })) } : {}),
      ...(bound === undefined
        ? {}
        : { parameters: bound.values.map((value, i) => parameterText(value, bound.formats[i])) }),
      ...(step.reason === undefined
        ? {}
        : { unknownBecause: step.reason, statementBase64: text.bytes.toString('base64') }),
    },
  }
}

/** Formatting a date costs more than most of what is done for a statement; many share a millisecond. */
let formatted = { ms: Number.NaN, text: '' }

function timestamp(ms: number): string {
  if (ms !== formatted.ms) formatted = { ms, text: new Date(ms).toISOString() }
  return formatted.text
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

/**
 * What an approval is bound to: the exact bytes of every statement with its parameters, and the settings of the
 * session that decide what names in them mean. Names of prepared statements and portals are left out: a driver
 * chooses them anew each time, and they change nothing of what runs.
 */
export function bindingDigest(steps: readonly Step[], context: Readonly<Record<string, string>>): string {
  const parts = steps.map(({ text, facts, bound, behind }) => ({
    statement: sha256Hex(text.bytes),
    part: facts.text,
    ...(behind === undefined ? {} : { prepared: behind }),
    ...(bound === undefined
      ? {}
      : {
          types: bound.prepared?.parameterTypes ?? [],
          formats: [...bound.formats],
          values: bound.values.map((value) => (value === null ? null : value.toString('base64'))),
        }),
  }))
  return sha256Hex(canonicalJson({ parts, context }))
}
