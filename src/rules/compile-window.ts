import { canonicalJson, sha256Hex } from '../action/index.ts'
import type { Diagnostic } from '../errors/index.ts'
import { compileText, type FileScope } from './compile-rule.ts'
import type { Condition, RuleContext } from './condition.ts'
import { parseDuration } from './duration.ts'
import { expandMacros } from './macros.ts'
import { prefilter } from './prefilter.ts'
import type { WindowSource } from './rule-file.ts'
import { windowLimits } from './windows/limits.ts'
import type { Window } from './windows/window.ts'

/** Compiles one window whose structure is right. `scope` has no windows: they do not build on each other. */
export function compileWindow(name: string, written: WindowSource, scope: FileScope): Window | Diagnostic[] {
  const { source } = scope
  const at = ['windows', name]
  const diagnostics: Diagnostic[] = []
  const measures = (['count', 'sum', 'distinct'] as const).filter((measure) => written[measure] !== undefined)
  const [measure] = measures
  if (measure === undefined || measures.length > 1) {
    const message = `the window ${name} has ${measure === undefined ? 'neither count, sum nor' : 'more than one of count, sum and'} distinct`
    diagnostics.push(source.diagnostic(source.key(at), message, 'say exactly one: count: true, or sum: impact.rows'))
  }
  const over = parseDuration(written.over)
  if (over === undefined || over > windowLimits.longest) {
    diagnostics.push(source.diagnostic(source.value([...at, 'over']), 'a window looks back 31d at most'))
  }
  const part = (key: 'sum' | 'distinct' | 'when' | 'by'): Condition | undefined => {
    const text = written[key]
    if (text === undefined) return undefined
    const compiled = compileText(text, [...at, key], scope, scope.macros, key === 'when')
    if (!Array.isArray(compiled)) return compiled
    diagnostics.push(...compiled)
    return undefined
  }
  const [when, by, sum, distinct] = [part('when'), part('by'), part('sum'), part('distinct')]
  if (sum && !['double', 'int', 'dyn'].includes(sum.type)) {
    diagnostics.push(source.diagnostic(source.value([...at, 'sum']), 'what a window adds up must be a number'))
  }
  if (diagnostics.length > 0 || measure === undefined || over === undefined) return diagnostics

  const key = (context: RuleContext) => (by === undefined ? '' : keyOf(by.value(context)))
  const mayMatch = when === undefined ? () => true : prefilter(when.ast, scope.lists).mayMatch
  return {
    name,
    id: windowId(written, measure, over, scope),
    measure,
    of: written.of ?? 'effects',
    over,
    mayMatch,
    key,
    share(context) {
      if (when !== undefined && !when.holds(context)) return undefined
      return {
        key: key(context),
        amount: sum === undefined ? 1 : amountOf(sum.value(context)),
        values: distinct === undefined ? [] : valuesOf(distinct.value(context)),
      }
    },
  }
}

/** The same for windows that mean the same. */
function windowId(written: WindowSource, measure: Window['measure'], over: number, scope: FileScope): string {
  const expanded = (text: string | undefined) => (text === undefined ? null : expandMacros(text, scope.macros).text)
  const { when, by, sum, distinct, of = 'effects' } = written
  const texts = [when, by, sum, distinct].map(expanded)
  const lists = [...scope.lists].filter(([name]) => texts.some((text) => text?.includes(name)))
  return sha256Hex(canonicalJson([measure, of, over, ...texts, lists.map(([name, members]) => [name, [...members]])]))
}

/** Nobody knows how much null is: it may be any amount. What is less than nothing cannot make up for the rest. */
function amountOf(value: unknown): number {
  if (value === null) return Number.POSITIVE_INFINITY
  if (typeof value === 'bigint') return Math.max(0, Number(value))
  if (typeof value === 'number' && !Number.isNaN(value)) return Math.max(0, value)
  throw new Error(`what a window adds up must be a number; this is ${typeof value}`)
}

function valuesOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(keyOf) : [keyOf(value)]
}

function keyOf(value: unknown): string {
  if (typeof value === 'string') return value
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? Number(inner) : inner)) ?? ''
}
