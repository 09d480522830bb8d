import type { ASTNode } from '@marcbachmann/cel-js'
import { type Action, effects } from '../action/index.ts'
import { conjuncts, disjuncts, fieldPath, literal } from './cel-ast.ts'

/** The few facts of an action that most rules ask first, worked out once per action. */
export interface Facts {
  readonly effects: number
  readonly protocol: string
  readonly operation: string
  readonly environment: string
  readonly actorKind: string
  /** `request.traits`; undefined where it is not a list. */
  readonly traits: readonly unknown[] | undefined
}

type WordFact = Exclude<keyof Facts, 'effects' | 'traits'>

const wordFacts: ReadonlyMap<string, WordFact> = new Map([
  ['protocol', 'protocol'],
  ['operation', 'operation'],
  ['target.environment', 'environment'],
  ['actor.kind', 'actorKind'],
])

const effectBits: ReadonlyMap<string, number> = new Map(effects.map((effect, i) => [effect, 1 << i]))

export function factsOf(action: Action): Facts {
  let mask = 0
  for (const effect of action.effects) mask |= effectBits.get(effect) ?? 0
  const { traits = [] } = action.request
  return {
    effects: mask,
    protocol: action.protocol,
    operation: action.operation,
    environment: action.target.environment,
    actorKind: action.actor.kind,
    traits: Array.isArray(traits) ? traits : undefined,
  }
}

/** A condition in two parts: what the facts decide, and what is left to evaluate. */
export interface Prefilter {
  /** false: the condition is certainly false, and its rule need not be evaluated. */
  readonly mayMatch: (facts: Facts) => boolean
  /** Where `mayMatch` and `facts.traits` is known, the condition is true exactly if all of these are. */
  readonly rest: readonly ASTNode[]
}

/**
 * Looks at the parts of a condition that are joined by `&&` at the top: where one is false the whole is false, even if
 * another could not be evaluated (CEL: `false && error` is false); where one is true, the whole is what the others are.
 */
export function prefilter(condition: ASTNode, lists: ReadonlyMap<string, readonly string[]>): Prefilter {
  const anyOf: AnyOf[] = []
  const words: { readonly fact: WordFact; readonly among: ReadonlySet<string> }[] = []
  const rest: ASTNode[] = []
  for (const part of conjuncts(condition)) {
    const any = effectsOrTraits(part)
    const word = any ? undefined : wordTest(part, lists)
    if (any) anyOf.push(any)
    else if (word) words.push(word)
    else rest.push(part)
  }
  return {
    rest,
    mayMatch(facts) {
      for (const { fact, among } of words) if (!among.has(facts[fact])) return false
      for (const { effects, traits } of anyOf) {
        if ((facts.effects & effects) === 0 && !hasOneOf(facts.traits, traits)) return false
      }
      return true
    },
  }
}

/** At least one of these effects, or one of these traits. */
interface AnyOf {
  readonly effects: number
  readonly traits: readonly string[]
}

/** `"delete" in effects`, `"cascade" in request.traits`, or several of these joined by `||`. */
function effectsOrTraits(part: ASTNode): AnyOf | undefined {
  let mask = 0
  const traits: string[] = []
  for (const option of disjuncts(part)) {
    if (option.op !== 'in') return undefined
    const word = literal(option.args[0])
    const collection = fieldPath(option.args[1])
    const bit = effectBits.get(word ?? '')
    if (collection === 'effects' && bit !== undefined) mask |= bit
    else if (collection === 'request.traits' && word !== undefined) traits.push(word)
    else return undefined
  }
  return { effects: mask, traits }
}

function hasOneOf(present: readonly unknown[] | undefined, wanted: readonly string[]): boolean {
  if (wanted.length === 0) return false
  return present === undefined || (present.length > 0 && wanted.some((trait) => present.includes(trait)))
}

/** `operation == "DO"`, `operation in ["DO", "CALL"]`, `target.environment in production`. */
function wordTest(
  part: ASTNode,
  lists: ReadonlyMap<string, readonly string[]>,
): { fact: WordFact; among: ReadonlySet<string> } | undefined {
  if (part.op !== '==' && part.op !== 'in') return undefined
  const [left, right] = part.args
  const fact = wordFacts.get(fieldPath(left) ?? '')
  if (fact === undefined) return undefined
  if (part.op === '==') {
    const word = literal(right)
    return word === undefined ? undefined : { fact, among: new Set([word]) }
  }
  if (right.op === 'id') {
    const list = lists.get(right.args)
    return list && { fact, among: new Set(list) }
  }
  if (right.op !== 'list') return undefined
  const among = new Set<string>()
  for (const item of right.args) {
    const word = literal(item)
    if (word === undefined) return undefined
    among.add(word)
  }
  return { fact, among }
}

/** Facts as one string: equal for actions that every prefilter treats alike; undefined where there is no such string. */
export function factsKey(facts: Facts): string | undefined {
  if (!facts.traits?.every((trait) => typeof trait === 'string')) return undefined
  const { effects, protocol, operation, environment, actorKind, traits } = facts
  return JSON.stringify([effects, protocol, operation, environment, actorKind, traits])
}
