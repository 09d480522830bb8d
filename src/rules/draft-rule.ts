import { isMap, isSeq, parseDocument } from 'yaml'
import type { Effect } from '../action/index.ts'
import { formatRules } from './format-rules.ts'
import type { Mode, RuleFileContent, RuleSource, Severity } from './rule-file.ts'

export const draftActors = ['anyone', 'agents', 'people'] as const
export const draftOutcomes = ['hold', 'block', 'flag'] as const

/** What somebody wants a rule to do, in their words. */
export interface RuleWish {
  readonly id: string
  readonly about: string
  /** At least one. */
  readonly effects: readonly Effect[]
  /** Of doors, as configured; none: all. */
  readonly environments: readonly string[]
  /** Without a schema: of every schema. With one: also where a statement names none. None: all. */
  readonly tables: readonly string[]
  readonly actors: (typeof draftActors)[number]
  /** More rows than this, at once or of one actor within a span such as 10m. Left out: any number. */
  readonly amount?: { readonly rows: number; readonly within?: string }
  readonly outcome: (typeof draftOutcomes)[number]
  /** For a hold. */
  readonly review: { readonly approvals: number; readonly from: readonly string[] }
  readonly severity: Severity
  readonly mode: Mode
}

/** A rule with tests, and the windows that it looks at. */
export interface RuleDraft {
  readonly rule: RuleSource
  readonly windows: NonNullable<RuleFileContent['windows']>
}

type TestAction = NonNullable<RuleSource['tests']>[number]['action']

/** What statements with an effect are called, for tests to read well. */
const operations: Readonly<Partial<Record<Effect, string>>> = {
  read: 'SELECT',
  write: 'UPDATE',
  delete: 'DELETE',
  destroy: 'DROP TABLE',
  grant: 'GRANT',
  conceal: 'ALTER SYSTEM',
  export: 'COPY',
  disrupt: 'LOCK TABLE',
  execute: 'CALL',
  deploy: 'ALTER TABLE',
}

/** Writes the rule that somebody wishes for, with tests for what it stops and for each look-alike that passes. */
export function draftRule(wish: RuleWish): RuleDraft {
  const { amount, outcome, review } = wish
  const what = whatOf(wish)
  const window = amount?.within === undefined ? undefined : { name: `rows_${wish.id.replace(/\W/g, '_')}`, ...amount }
  const limit =
    amount === undefined ? [] : [`${window === undefined ? 'impact.rows' : `window.${window.name}`} > ${amount.rows}`]
  const hold = { approvals: review.approvals, ...(review.from.length > 0 ? { from: [...review.from] } : {}) }
  const isPlain = review.approvals === 1 && review.from.length === 0
  return {
    rule: {
      id: wish.id,
      about: wish.about,
      when: [...what, ...limit].join(' && '),
      // biome-ignore lint/suspicious/noThenProperty: the rule format says "when … then …"; nobody awaits a rule
      then: outcome === 'hold' && !isPlain ? { hold } : outcome,
      ...(wish.mode === 'shadow' ? { mode: wish.mode } : {}),
      severity: wish.severity,
      message: messageOf(wish, window?.name),
      tests: testsOf(wish, window?.name),
    },
    windows:
      window === undefined
        ? {}
        : {
            [window.name]: {
              sum: 'impact.rows',
              when: what.join(' && '),
              by: 'actor.id',
              over: window.within ?? '',
            },
          },
  }
}

/**
 * A rule file with a draft at its end; what stands in it stays, comments too.
 * @param text of the file; undefined: it is new
 * @throws Error where the text is no rule file
 */
export function withDraft(text: string | undefined, { rule, windows }: RuleDraft): string {
  const document = parseDocument(text ?? 'version: 1\n', { version: '1.2' })
  if (document.errors.length > 0 || !isMap(document.contents)) throw new Error('it is not a rule file')
  for (const [name, window] of Object.entries(windows)) {
    const node = document.createNode(window, { flow: true })
    if (document.hasIn(['windows', name])) throw new Error(`it has a window ${name} already`)
    if (document.has('windows')) document.setIn(['windows', name], node)
    else document.set('windows', document.createNode({ [name]: node }))
  }
  const node = document.createNode(rule)
  const tests = node.get('tests')
  for (const test of isSeq(tests) ? tests.items : []) if (isMap(test)) test.flow = true
  const rules = document.get('rules') ?? undefined
  if (rules !== undefined && !isSeq(rules)) throw new Error('it is not a rule file')
  if (isSeq(rules)) {
    if (rules.items.length > 0) node.spaceBefore = true
    rules.flow = false
    rules.add(node)
  } else document.set('rules', document.createNode([node]))
  return formatRules(document.toString({ lineWidth: 0 }))
}

/** The parts of the condition that say what is looked at, without how much. */
function whatOf({ effects, environments, tables, actors }: RuleWish): string[] {
  const any = effects.map((effect) => `${text(effect)} in effects`)
  const names = tables.map(patternOf)
  return [
    ...(environments.length === 0 ? [] : [`target.environment ${among(environments)}`]),
    any.length === 1 ? any.join('') : `(${any.join(' || ')})`,
    ...(names.length === 0 ? [] : [`resources.exists(r, rx(r.name, ${text(`^(${names.join('|')})$`)}))`]),
    ...(actors === 'anyone' ? [] : [`actor.kind == ${text(actors === 'agents' ? 'agent' : 'human')}`]),
  ]
}

function messageOf({ amount, outcome }: RuleWish, window: string | undefined): string {
  const what =
    amount === undefined
      ? '{operation} of {resources}'
      : window === undefined
        ? '{impact.rows} rows of {resources}'
        : `{window.${window}} rows of {resources} within ${amount.within}`
  if (outcome === 'hold') return `${what}: a second person must approve this.`
  return outcome === 'block' ? `${what}: this is not allowed here.` : `${what}: this is on the record as worth a look.`
}

function testsOf(wish: RuleWish, window: string | undefined): NonNullable<RuleSource['tests']> {
  const { amount, outcome, environments, tables, actors, effects } = wish
  const [effect = 'unknown'] = effects
  const rows = (count: number): Pick<NonNullable<RuleSource['tests']>[number], 'window'> & { impact: object } =>
    window === undefined ? { impact: { rows: count } } : { impact: { rows: 1 }, window: { [window]: count } }
  const test = (
    name: string,
    expect: typeof outcome | 'allow',
    change: TestAction,
    count = (amount?.rows ?? 0) + 1,
  ) => {
    const { impact, ...held } = rows(count)
    const action: TestAction = {
      operation: operations[effect] ?? effect.toUpperCase(),
      effects: [effect],
      ...(environments[0] === undefined ? {} : { target: { environment: environments[0] } }),
      ...(tables[0] === undefined ? {} : { resources: [{ name: tables[0] }] }),
      ...(actors === 'anyone' ? {} : { actor: { kind: actors === 'agents' ? 'agent' : 'human' } }),
      ...(amount === undefined ? {} : { impact }),
      ...change,
    }
    return { name, expect, action, ...held }
  }
  const other = (['read', 'write'] as const).find((one) => !effects.includes(one))
  return [
    test('what it is for', outcome, {}),
    ...(amount === undefined ? [] : [test('no more than that', 'allow', {}, amount.rows)]),
    ...(environments.length === 0
      ? []
      : [test('somewhere else', 'allow', { target: { environment: unlike(environments, 'staging') } })]),
    ...(tables.length === 0
      ? []
      : [test('another table', 'allow', { resources: [{ name: unlike(tables, 'other') }] })]),
    ...(actors === 'anyone'
      ? []
      : [test('somebody else', 'allow', { actor: { kind: actors === 'agents' ? 'human' : 'service' } })]),
    ...(other === undefined
      ? []
      : [test('another effect', 'allow', { operation: operations[other] ?? other, effects: [other] })]),
  ]
}

/** A name that is none of these. */
function unlike(names: readonly string[], name: string): string {
  return names.some((one) => one.endsWith(name)) ? unlike(names, `${name}_2`) : name
}

function among(values: readonly string[]): string {
  return values.length === 1 ? `== ${text(values[0] ?? '')}` : `in [${values.map(text).join(', ')}]`
}

/** A table of a schema may be named without it. */
function patternOf(table: string): string {
  const dot = table.lastIndexOf('.')
  const schema = dot < 0 ? '.*[.]' : literal(table.slice(0, dot + 1))
  return `(${schema})?${literal(table.slice(dot + 1))}`
}

function literal(name: string): string {
  return name.replace(/[^\w]/gu, (character) => `[${escapeInClass(character)}]`)
}

/** In a character class of a pattern these mean something else. */
function escapeInClass(character: string): string {
  return /[\\\]^-]/.test(character) ? `\\${character}` : character
}

/** A literal of CEL; what JSON escapes, CEL reads the same. */
function text(value: string): string {
  return JSON.stringify(value)
}
