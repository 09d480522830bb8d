import type { ASTNode } from '@marcbachmann/cel-js'
import { didYouMean } from '../errors/index.ts'
import { type FieldType, memberType } from './action-types.ts'
import { children, comprehensions, literal } from './cel-ast.ts'
import { compilePattern } from './rx.ts'

/** Something wrong with a condition, at a stretch of its text. */
export interface Finding {
  readonly start: number
  readonly end: number
  readonly message: string
  readonly hint?: string
}

type Scope = ReadonlyMap<string, FieldType>

/**
 * What the type checker lets through, or says less well: patterns that are not linear-time literals, loops in loops,
 * words an enumeration does not have, fields that do not exist (in `has()`, too). Also compiles `rx` patterns.
 */
export function checkCondition(ast: ASTNode, fields: ReadonlyMap<string, FieldType>): Finding[] {
  const findings: Finding[] = []
  walk(ast, fields, false, findings)
  return findings
}

function walk(node: ASTNode, scope: Scope, inLoop: boolean, findings: Finding[]): void {
  const finding = checkNode(node, scope, inLoop)
  if (finding) findings.push(finding)
  if (node.op === 'rcall' && comprehensions.has(node.args[0])) {
    const [, receiver, [variable, ...body]] = node.args
    walk(receiver, scope, inLoop, findings)
    const of = typeOf(receiver, scope)
    const inner =
      variable?.op === 'id' ? new Map(scope).set(variable.args, of?.kind === 'list' ? of.of : { kind: 'dyn' }) : scope
    for (const part of body) walk(part, inner, true, findings)
    return
  }
  for (const part of children(node)) walk(part, scope, inLoop, findings)
}

function checkNode(node: ASTNode, scope: Scope, inLoop: boolean): Finding | undefined {
  switch (node.op) {
    case 'call':
      if (node.args[0] === 'matches') return refuseMatches(node)
      if (node.args[0] === 'rx') return checkRx(node, node.args[1])
      return undefined
    case 'rcall':
      if (node.args[0] === 'matches') return refuseMatches(node)
      if (node.args[0] === 'bind') return at(node, 'cel.bind is not supported', 'write the expression out')
      if (inLoop && comprehensions.has(node.args[0])) {
        return at(
          node,
          `${node.args[0]}() inside another loop is not supported: its cost has no limit`,
          'split the rule, or move the inner loop out',
        )
      }
      return undefined
    case '.':
      return checkField(node, node.args[0], node.args[1], scope)
    case '==':
    case '!=':
      return checkWord(node.args[0], node.args[1], scope) ?? checkWord(node.args[1], node.args[0], scope)
    case 'in': {
      const [element, collection] = node.args
      const of = typeOf(collection, scope)
      if (of?.kind === 'list') return checkLiteral(element, of.of)
      const words = collection.op === 'list' ? collection.args : []
      const type = typeOf(element, scope)
      return type && words.map((word) => checkLiteral(word, type)).find((finding) => finding !== undefined)
    }
    default:
      return undefined
  }
}

function refuseMatches(node: ASTNode): Finding {
  return at(
    node,
    'matches() is not supported: a pattern can make it take exponential time',
    "use rx(text, 'pattern'), which takes linear time",
  )
}

function checkRx(node: ASTNode, args: readonly ASTNode[]): Finding | undefined {
  const [, pattern] = args
  if (!pattern || args.length !== 2) return undefined // the type checker says so
  const text = literal(pattern)
  if (text === undefined) {
    return at(pattern, 'the pattern of rx() must be written out as a string', 'it is compiled when the rule is loaded')
  }
  const problem = compilePattern(text)
  return problem === undefined ? undefined : at(pattern.op === 'value' ? pattern : node, problem)
}

function checkField(node: ASTNode, owner: ASTNode, name: string, scope: Scope): Finding | undefined {
  const type = typeOf(owner, scope)
  if (type?.kind !== 'object' || type.fields.has(name)) return undefined
  const near = didYouMean(name, type.fields.keys())
  return at(
    { start: node.end - name.length, end: node.end },
    `${type.path} has no field ${name}`,
    near === undefined ? `known here: ${[...type.fields.keys()].join(', ')}` : `did you mean ${near}?`,
  )
}

function checkWord(field: ASTNode, word: ASTNode, scope: Scope): Finding | undefined {
  const type = typeOf(field, scope)
  return type && checkLiteral(word, type)
}

/** A word that an enumeration does not have never matches: the rule would guard nothing. */
function checkLiteral(node: ASTNode, type: FieldType): Finding | undefined {
  const word = literal(node)
  if (word === undefined || type.kind !== 'string' || !type.values || type.values.includes(word)) return undefined
  const near = didYouMean(word, type.values)
  return at(
    node,
    `"${word}" is not one of: ${type.values.join(', ')}`,
    near === undefined ? undefined : `did you mean "${near}"?`,
  )
}

function typeOf(node: ASTNode, scope: Scope): FieldType | undefined {
  switch (node.op) {
    case 'id':
      return scope.get(node.args)
    case '.': {
      const owner = typeOf(node.args[0], scope)
      return owner && memberType(owner, node.args[1])
    }
    case '[]': {
      const owner = typeOf(node.args[0], scope)
      const key = literal(node.args[1])
      if (owner?.kind === 'list') return owner.of
      return owner && key !== undefined ? memberType(owner, key) : undefined
    }
    case 'rcall':
      return node.args[0] === 'filter' ? typeOf(node.args[1], scope) : undefined
    default:
      return undefined
  }
}

function at(place: { readonly start: number; readonly end: number }, message: string, hint?: string): Finding {
  return { start: place.start, end: place.end, message, ...(hint === undefined ? {} : { hint }) }
}
