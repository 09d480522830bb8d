import { type ASTNode, TypeError as CelTypeError, EvaluationError, ParseError } from '@marcbachmann/cel-js'
import { didYouMean, errorMessage } from '../errors/index.ts'
import { actionType } from './action-types.ts'
import { children } from './cel-ast.ts'
import { type ConditionEnvironment, functionNames } from './cel-environment.ts'
import { checkCondition, type Finding } from './check-condition.ts'

/** An action as conditions see it. */
export type RuleContext = Readonly<Record<string, unknown>>

/** A condition that can be asked of actions. */
export interface Condition {
  readonly ast: ASTNode
  /** In the words of CEL: `bool`, `double`, `list<string>`. */
  readonly type: string
  /** What it comes to, whatever that is. Throws like `holds`. */
  value(context: RuleContext): unknown
  /** Whether it holds of an action. Throws where that cannot be said: a field is missing or of the wrong kind. */
  holds(context: RuleContext): boolean
}

/** Checks and compiles one CEL text. `boolean`: it must say yes or no (a macro may be anything). */
export function compileCondition(
  text: string,
  environment: ConditionEnvironment,
  names: Iterable<string>,
  boolean: boolean = true,
): Condition | Finding[] {
  let evaluate: ReturnType<ConditionEnvironment['untyped']['parse']>
  try {
    evaluate = environment.untyped.parse(text)
  } catch (thrown) {
    return [explain(thrown, text, names)]
  }
  const { ast } = evaluate
  const findings = checkCondition(ast, environment.fields)
  if (findings.length > 0) return findings
  const { type = 'dyn', error } = environment.typed.check(text)
  if (error) return [explain(error, text, names)]
  if (boolean && type !== 'bool') {
    const hint = type === 'dyn' ? 'what it is cannot be known beforehand: compare it, for example == true' : undefined
    return [
      {
        start: 0,
        end: text.length,
        message: `a condition must be true or false; this is ${plainType(type)}`,
        ...(hint && { hint }),
      },
    ]
  }
  // Resolves names and overloads once, so that the first action is not slower than the next.
  const untyped = evaluate.check()
  if (untyped.error) return [explain(untyped.error, text, names)]
  if (boolean && !readsAction(ast, environment.fields)) {
    const never = neverTrue(evaluate)
    if (never) return [{ start: 0, end: text.length, message: 'this condition can never be true' }]
  }
  return { ast, type, value: (context) => evaluate(context), holds: (context) => decide(evaluate(context)) }
}

/** Compiles a condition that is known to be right. */
export function evaluator({ untyped }: ConditionEnvironment, text: string): Pick<Condition, 'holds'> {
  const evaluate = untyped.parse(text)
  evaluate.check()
  return { holds: (context) => decide(evaluate(context)) }
}

function decide(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw new Error(`the condition gave ${value === null ? 'null' : `a ${typeof value}`} instead of true or false`)
}

function readsAction(node: ASTNode, fields: ConditionEnvironment['fields']): boolean {
  return (node.op === 'id' && fields.has(node.args)) || children(node).some((part) => readsAction(part, fields))
}

function neverTrue(evaluate: (context?: RuleContext) => unknown): boolean {
  try {
    return evaluate({}) !== true
  } catch {
    return true
  }
}

function plainType(type: string): string {
  if (type === 'dyn') return 'of a kind nobody knows'
  if (type === 'int' || type === 'double') return 'a number'
  return /^[a-z]+$/.test(type) ? `a ${type}` : type
}

/** An error of the engine in words, with a guess at what was meant. */
function explain(thrown: unknown, text: string, names: Iterable<string>): Finding {
  if (!(thrown instanceof ParseError || thrown instanceof CelTypeError || thrown instanceof EvaluationError)) {
    return { start: 0, end: text.length, message: errorMessage(thrown) }
  }
  const { start, end } = thrown.range ?? { start: 0, end: text.length }
  const near = text.slice(start, end)
  switch (thrown.code) {
    case 'unknown_variable': {
      if (near === 'window' || near === 'schedule') {
        return { start, end, message: `this file has no ${near}s`, hint: `declare them under ${near}s:` }
      }
      const guess = didYouMean(near, [...actionType.fields.keys(), ...names])
      const hint = guess
        ? `did you mean ${guess}?`
        : 'a condition knows the fields of an action, and lists and macros of its file'
      return { start, end, message: `unknown name ${near}: no field, list or macro is called that`, hint }
    }
    default:
      return { start, end, message: inWords(thrown.summary), ...hintFor(thrown.summary, text) }
  }
}

/** Summaries of the engine that say something to those who know its inside. */
function inWords(summary: string): string {
  const [, call] = /^found no matching overload for '(?:[\w<>, ]+\.)?(\w+)\(/.exec(summary) ?? []
  if (call !== undefined && !functionNames.has(call)) return `unknown function ${call}`
  const [, left, operator, right] = /^no such overload: (.+?) (\S{1,2}) (.+)$/.exec(summary) ?? []
  if (left === undefined || operator === undefined || right === undefined) return summary
  const [a, b] = [left, right].map((type) => (type === 'double' || type === 'int' ? 'number' : type))
  return a === b ? summary : `${operator} does not work between ${a} and ${b}`
}

function hintFor(summary: string, text: string): { hint?: string } {
  if (/double [-+*/%] int|int [-+*/%] double/.test(summary)) {
    return { hint: 'numbers of an action are decimals: write 2.0 instead of 2' }
  }
  if (/Unexpected character: =/.test(summary)) return { hint: 'compare with ==' }
  if (/Unexpected character: [&|]/.test(summary)) return { hint: 'and is &&, or is ||' }
  if (/\b(?:and|or|not)\b/i.test(text) && /Unexpected/.test(summary)) return { hint: 'and is &&, or is ||, not is !' }
  return {}
}

/** Why a condition could not be evaluated, in one line. */
export function evaluationProblem(thrown: unknown): string {
  if (!(thrown instanceof EvaluationError)) return errorMessage(thrown)
  const { node, summary } = thrown
  const at = node ? `${node.input.slice(node.start, node.end)}: ` : ''
  return `${at}${/\bnull\b/.test(summary) ? 'a value is not known' : summary}`
}
