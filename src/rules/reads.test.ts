import { describe, expect, it } from 'vitest'
import { completeAction } from '../action/index.ts'
import { formatDiagnostics } from '../errors/index.ts'
import { compileRules } from './compile.ts'

function compile(...rules: readonly (readonly [when: string, message?: string])[]) {
  const body = rules.map(([when, message], i) =>
    [`  - id: r${i}`, '    about: About', `    when: ${JSON.stringify(when)}`, '    then: flag']
      .concat(message === undefined ? [] : [`    message: ${JSON.stringify(message)}`])
      .join('\n'),
  )
  const text = `version: 1\nlists: { production: [production] }\nrules:\n${body.join('\n')}\n`
  const result = compileRules([{ file: 'r.yaml', text }])
  if (!result.ok) throw new Error(formatDiagnostics(result.diagnostics, () => text))
  return result
}

function dependenceOf(when: string, message?: string) {
  const [rule] = compile(message === undefined ? [when] : [when, message]).rules
  if (!rule) throw new Error('no rule')
  return { reads: [...rule.dependence.reads].sort(), memoisable: rule.dependence.memoisable }
}

describe('what a rule depends on', () => {
  it.each([
    ['target.environment in production && "delete" in effects', ['effects', 'target.environment'], true],
    ['resources.exists(r, r.name == "x") && !impact.bounded', ['impact.bounded', 'resources'], true],
    ['has(actor.owner) && actor.kind == "agent"', ['actor.kind', 'actor.owner'], true],
    ['"cascade" in request.traits', ['request.traits'], true],
    ['request["statement"] == "x"', ['request.statement'], true],
    ['impact.rows > 5', ['impact.rows'], false],
    ['impact.cascades.exists(c, c.rows > 5)', ['impact.cascades'], false],
    ['request["parameters"] == ["1"]', ['request.parameters'], false],
    ['request == {}', ['request'], false],
    ['has(change.id)', ['change.id'], false],
    ['at > "2024"', ['at'], false],
  ])('%s', (when, reads, memoisable) => {
    expect(dependenceOf(when)).toEqual({ reads, memoisable })
  })

  it('includes what its message says', () => {
    expect(dependenceOf('"delete" in effects', 'Deletes {impact.rows} rows of {resources}')).toEqual({
      reads: ['effects', 'impact.exact', 'impact.rows', 'resources'],
      memoisable: false,
    })
  })
})

describe('what the verdict on an action depends on', () => {
  const { judge } = compile(
    ['"delete" in effects && impact.rows > 5'],
    ['"read" in effects && actor.name == "mallory"'],
    ['protocol == "http" && has(change.id)'],
  )

  it('is what the rules read that may match it', () => {
    const of = (effect: 'read' | 'delete' | 'write', protocol = 'postgres') => {
      const dependence = judge.dependence?.(completeAction({ effects: [effect], protocol }))
      return dependence && { reads: [...dependence.reads].sort(), memoisable: dependence.memoisable }
    }
    expect(of('read')).toEqual({ reads: ['actor.name', 'effects'], memoisable: true })
    expect(of('delete')).toEqual({ reads: ['effects', 'impact.rows'], memoisable: false })
    expect(of('write')).toEqual({ reads: [], memoisable: true })
    expect(of('write', 'http')).toEqual({ reads: ['change.id', 'protocol'], memoisable: false })
  })
})
