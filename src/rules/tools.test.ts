import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { completeAction } from '../action/index.ts'
import { formatDiagnostics } from '../errors/index.ts'
import { compileRules } from './compile.ts'
import { diffRules } from './diff-rules.ts'
import { explain } from './explain.ts'
import { formatRules } from './format-rules.ts'

function compile(rules: string, production = 'production') {
  const text = `version: 1
lists: { production: [${production}] }
windows: { deleted: { sum: impact.rows, over: 5m } }
rules:
${rules}`
  const result = compileRules([{ file: 'r.yaml', text }])
  if (!result.ok) throw new Error(formatDiagnostics(result.diagnostics, () => text))
  return result
}

describe('explaining', () => {
  const { rules } =
    compile(`  - { id: mass, about: A, when: 'target.environment in production && impact.rows > 10', then: hold }
  - { id: purge, about: A, when: window.deleted > 10, then: flag }
`)
  const why = (rows: number | null) =>
    explain(rules, completeAction({ target: { environment: 'production' }, impact: { rows } }))

  it('says what each part says, and with which values', () => {
    expect(why(5)).toMatchObject([
      {
        rule: 'mass',
        result: 'does not fire',
        parts: [
          { text: 'target.environment in production', says: true },
          { text: 'impact.rows > 10', says: false },
        ],
        values: { 'target.environment': 'production', 'impact.rows': 5 },
      },
      { rule: 'purge', result: 'does not fire', values: { 'window.deleted': 5 } },
    ])
    expect(why(11).map(({ result }) => result)).toEqual(['fires', 'fires'])
  })

  it('says why a rule cannot tell', () => {
    expect(why(null)[0]).toMatchObject({ result: 'cannot tell', because: expect.stringContaining('not known') })
  })
})

describe('comparing', () => {
  const rule = (id: string, rows: number) =>
    `  - { id: ${id}, about: A, when: 'target.environment in production && impact.rows > ${rows}', then: hold }\n`
  const ids = (before: string, after: string, production?: string) =>
    diffRules(compile(before).rules, compile(after, production).rules).map(({ kind, rule, fields }) => [
      kind,
      rule,
      ...fields.map(({ field }) => field),
    ])

  it('says what is added, removed and changed, and that moving is no change', () => {
    const [a, b] = [rule('a', 1), rule('b', 2)]
    expect(ids(a + b, b + a)).toEqual([])
    expect(ids(a, b)).toEqual([
      ['added', 'b'],
      ['removed', 'a'],
    ])
    expect(ids(a, rule('a', 3))).toEqual([['changed', 'a', 'when']])
  })

  it('sees a list change under a rule that did not', () => {
    expect(ids(rule('a', 1), rule('a', 1), 'production, dr')).toEqual([['changed', 'a']])
  })
})

describe('formatting', () => {
  const shipped = readFileSync(fileURLToPath(new URL('../../rules/postgres.yaml', import.meta.url)), 'utf8')

  it('changes layout only, keeps comments, and has nothing to do the second time', () => {
    const untidy = "version:   1\n# why\nrules:\n    - {id: a,about: A, when: 'true',then: hold}   # here\n"
    const tidy = formatRules(untidy)
    expect(tidy).toContain('# why')
    expect(tidy).toContain("{ id: a, about: A, when: 'true', then: hold } # here")
    expect(formatRules(tidy)).toBe(tidy)
  })

  it('leaves the rules of the shipped pack what they are', () => {
    const set = (text: string) => {
      const compiled = compileRules([{ file: 'p.yaml', text }])
      if (!compiled.ok) throw new Error('does not load')
      return compiled.rules.map(({ digest }) => digest)
    }
    expect(set(formatRules(shipped))).toEqual(set(shipped))
  })

  it('gives back what is not YAML', () => {
    expect(formatRules('a: [')).toBe('a: [')
  })
})
