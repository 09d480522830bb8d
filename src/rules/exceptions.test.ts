import { describe, expect, it } from 'vitest'
import { completeAction } from '../action/index.ts'
import { formatDiagnostics } from '../errors/index.ts'
import { compileRules } from './compile.ts'

function compile(rules: string) {
  const text = `version: 1
schedules:
  office: [{ days: [mon, tue, wed, thu, fri], from: '09:00', to: '17:00', zone: Europe/Berlin }]
rules:
${rules}`
  const result = compileRules([{ file: 'r.yaml', text }])
  if (!result.ok) throw new Error(formatDiagnostics(result.diagnostics, () => text))
  return result
}

const purge = `  - id: purge
    about: Deletes
    when: '"delete" in effects'
    then: hold
    except:
      - { when: actor.id == "shop:batch" && impact.rows < 1000, until: 2026-06-30, owner: ada, why: nightly retention }
`

describe('an exception', () => {
  const { judge, rules } = compile(purge)
  const judged = (at: string, rows: number | null = 10, id = 'shop:batch') =>
    judge.judge(completeAction({ at, effects: ['delete'], actor: { id }, impact: { rows } }))

  it('lets be what it is for, and says who answers for it', () => {
    expect(judged('2026-06-30T12:00:00Z')).toMatchObject({
      outcome: 'allow',
      matched: [],
      excepted: [{ rule: 'purge', owner: 'ada', why: 'nightly retention', until: '2026-06-30' }],
    })
    expect(rules[0]?.summary.except).toEqual([{ owner: 'ada', why: 'nightly retention', until: '2026-06-30' }])
  })

  it('is for nothing else, and for nothing that cannot be told', () => {
    expect(judged('2026-06-01T00:00:00Z', 1_000).outcome).toBe('hold')
    expect(judged('2026-06-01T00:00:00Z', 10, 'shop:eve').outcome).toBe('hold')
    expect(judged('2026-06-01T00:00:00Z', null).outcome).toBe('hold')
  })

  it('ends by itself', () => {
    expect(judged('2026-07-01T00:00:00Z').outcome).toBe('hold')
  })

  it('makes the verdict one of the moment', () => {
    expect(judge.dependence?.(completeAction({ effects: ['delete'] })).memoisable).toBe(false)
  })

  it('needs an end, an owner and a reason', () => {
    for (const part of [', until: 2026-06-30', ', owner: ada', ', why: nightly retention']) {
      expect(() => compile(purge.replace(part, ''))).toThrow(`has no ${part.slice(2, part.indexOf(':'))}`)
    }
  })
})

describe('a schedule in a condition', () => {
  const { judge } = compile(
    `  - { id: friday, about: Deploys outside office hours, when: '"deploy" in effects && !schedule.office', then: hold }\n`,
  )

  it('is asked of the moment at which the action is judged', () => {
    const action = completeAction({ effects: ['deploy'], at: '2026-01-05T10:00:00Z' })
    expect(judge.judge(action).outcome).toBe('allow')
    const evening = { now: Date.parse('2026-01-05T20:00:00Z'), windows: { read: () => 0 } }
    expect(judge.judge(action, evening).outcome).toBe('hold')
    expect(judge.dependence?.(action).memoisable).toBe(false)
  })
})
