import { describe, expect, it } from 'vitest'
import { isDuring, isOver, type Period, periodProblem } from './schedule.ts'

const during = (period: Period, at: string) => isDuring([period], Date.parse(at))

describe('a time of day', () => {
  const office: Period = {
    days: ['mon', 'tue', 'wed', 'thu', 'fri'],
    from: '09:00',
    to: '17:00',
    zone: 'Europe/Berlin',
  }

  it.each([
    // Berlin is an hour before UTC in winter, two in summer.
    ['2026-01-05T07:59:59Z', false],
    ['2026-01-05T08:00:00Z', true],
    ['2026-01-05T15:59:59Z', true],
    ['2026-01-05T16:00:00Z', false],
    ['2026-07-06T07:00:00Z', true],
    ['2026-07-06T15:00:00Z', false],
    ['2026-01-10T10:00:00Z', false],
  ])('counts on the clocks of its zone: %s', (at, wanted) => {
    expect(during(office, at)).toBe(wanted)
  })

  it.each([
    ['2026-01-09T21:59:00Z', false],
    ['2026-01-09T22:00:00Z', true],
    ['2026-01-10T00:00:00Z', true],
    ['2026-01-10T05:59:00Z', true],
    ['2026-01-10T06:00:00Z', false],
    ['2026-01-10T23:00:00Z', false],
    ['2026-01-09T03:00:00Z', false],
  ])('over midnight belongs to the day on which it begins: %s', (at, wanted) => {
    expect(during({ days: ['fri'], from: '22:00', to: '06:00' }, at)).toBe(wanted)
  })

  it('reaches to the next day on the last day of a week and of a year', () => {
    expect(during({ days: ['sun'], from: '23:00', to: '01:00' }, '2027-01-04T00:30:00Z')).toBe(true)
    expect(during({ from: '23:00', to: '01:00' }, '2027-01-01T00:30:00Z')).toBe(true)
  })

  it('goes on while clocks are set back', () => {
    const night: Period = { from: '02:00', to: '03:00', zone: 'Europe/Berlin' }
    // 2026-10-25: 02:30 comes twice.
    expect(during(night, '2026-10-25T00:30:00Z')).toBe(true)
    expect(during(night, '2026-10-25T01:30:00Z')).toBe(true)
    expect(during(night, '2026-10-25T02:30:00Z')).toBe(false)
  })
})

describe('a freeze', () => {
  const freeze: Period = { since: '2026-12-20T18:00', until: '2027-01-03', zone: 'America/New_York' }

  it.each([
    ['2026-12-20T22:59:00Z', false],
    ['2026-12-20T23:00:00Z', true],
    ['2027-01-04T04:59:00Z', true],
    ['2027-01-04T05:00:00Z', false],
  ])('lasts through its last day: %s', (at, wanted) => {
    expect(during(freeze, at)).toBe(wanted)
  })
})

describe('what lasts until', () => {
  it('is over after that day, or at that time', () => {
    expect(isOver('2026-05-01', Date.parse('2026-05-01T23:59:59Z'))).toBe(false)
    expect(isOver('2026-05-01', Date.parse('2026-05-02T00:00:00Z'))).toBe(true)
    expect(isOver('2026-05-01T12:00', Date.parse('2026-05-01T11:59:59Z'))).toBe(false)
    expect(isOver('2026-05-01T12:00', Date.parse('2026-05-01T12:00:00Z'))).toBe(true)
  })
})

describe('a period that is none', () => {
  it('is told with what was probably meant', () => {
    expect(periodProblem({ from: '09:00', zone: 'Europe/Berln' })).toMatchObject({
      hint: 'did you mean Europe/Berlin?',
    })
    expect(periodProblem({ since: '2026-05-02', until: '2026-05-01' })?.key).toBe('until')
    expect(periodProblem({ zone: 'UTC' })?.message).toContain('at least one')
    expect(periodProblem({ from: '09:00' })).toBeUndefined()
  })
})
