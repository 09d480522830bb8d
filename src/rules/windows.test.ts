import { describe, expect, it } from 'vitest'
import { completeAction } from '../action/index.ts'
import { formatDiagnostics } from '../errors/index.ts'
import { compileRules } from './compile.ts'

const head = `version: 1
lists: { production: [production] }
macros: { deletes: '"delete" in effects' }
`
const rules = `rules:
  - { id: r, about: About, when: window.deleted > 100.0, then: hold, message: '{window.deleted} rows' }
`

function compile(windows: string, body: string = rules) {
  const text = `${head}windows:\n  deleted: ${windows}\n${body}`
  const result = compileRules([{ file: 'r.yaml', text }])
  return result.ok ? result : formatDiagnostics(result.diagnostics, () => text)
}

function problems(windows: string, body?: string): string {
  const result = compile(windows, body)
  if (typeof result !== 'string') throw new Error('it loads')
  return result
}

describe('the definition of a window', () => {
  it.each([
    ['{ over: 5m }', 'neither count, sum nor distinct'],
    ['{ count: true, sum: impact.rows, over: 5m }', 'more than one of count, sum and distinct'],
    ['{ sum: operation, over: 5m }', 'must be a number'],
    ['{ sum: impact.rowz, over: 5m }', 'did you mean rows?'],
    ['{ sum: impact.rows, over: 32d }', '31d at most'],
    ['{ sum: impact.rows, over: soon }', 'over'],
    ['{ sum: impact.rows, by: window.deleted, over: 5m }', 'this file has no windows'],
    ['{ count: true, when: impact.rows, over: 5m }', 'a condition must be true or false; this is a number'],
    ['{ count: true, by: nobody, over: 5m }', 'unknown name nobody'],
  ])('%s: %s', (written, problem) => {
    expect(problems(written)).toContain(problem)
  })

  it('a name that no window has is found in conditions, messages and tests', () => {
    const named = (rule: string) => problems('{ count: true, over: 5m }', `rules:\n  - ${rule}\n`)
    expect(named(`{ id: r, about: A, when: window.deletd > 1.0, then: hold }`)).toContain('did you mean deleted?')
    expect(named(`{ id: r, about: A, when: 'true', then: hold, message: '{window.deletd}' }`)).toContain('deleted?')
    const test = '{ name: t, expect: allow, action: {}, window: { deletd: 1 } }'
    expect(named(`{ id: r, about: A, when: window.deleted > 1.0, then: hold, tests: [${test}] }`)).toContain(
      'this file has no window deletd',
    )
  })

  it('shares what it remembers with every window that means the same', () => {
    const id = (written: string) => {
      const result = compile(written)
      if (typeof result === 'string') throw new Error(result)
      return result.windows[0]?.id
    }
    const one = id('{ sum: impact.rows, when: deletes, over: 60s }')
    expect(id(`{ over: 1m, when: '("delete" in effects)', sum: impact.rows }`)).toBe(one)
    expect(id('{ sum: impact.rows, over: 1m }')).not.toBe(one)
  })
})

describe('an action judged by a window', () => {
  const compiled = compile('{ sum: impact.rows, when: deletes, by: actor.id, over: 10m }')
  if (typeof compiled === 'string') throw new Error(compiled)
  const { judge } = compiled
  const deleting = (rows: number | null) => completeAction({ effects: ['delete'], impact: { rows } })

  it('counts itself', () => {
    expect(judge.judge(deleting(100)).outcome).toBe('allow')
    expect(judge.judge(deleting(101))).toMatchObject({ outcome: 'hold', message: '101 rows' })
  })

  it('is held where nobody knows how much it adds', () => {
    expect(judge.judge(deleting(null))).toMatchObject({ outcome: 'hold', message: 'an unknown number of rows' })
  })

  it('is judged by what the window holds', () => {
    const read = () => 5_000
    expect(judge.judge(completeAction({}), { now: 0, windows: { read } })).toMatchObject({
      outcome: 'hold',
      message: '5,000 rows',
    })
  })

  it('is held where the window cannot be read', () => {
    const read = () => {
      throw new Error('nothing is kept of it')
    }
    const judgement = judge.judge(completeAction({}), { now: 0, windows: { read } })
    expect(judgement).toMatchObject({ outcome: 'hold', errors: [{ rule: 'r', message: 'nothing is kept of it' }] })
  })

  it('cannot be answered from an earlier verdict', () => {
    expect(judge.dependence?.(completeAction({}))?.memoisable).toBe(false)
  })
})
