import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatSql, highlightSql } from './sql.ts'

const marked = (text: string, ...effects: Parameters<typeof highlightSql>[1]) =>
  highlightSql(text, effects)
    .map((piece) => (piece.marked ? piece.text : '|'))
    .join('')
    .split('|')
    .filter(Boolean)

describe('the part of a statement that does the damage', () => {
  test.each([
    ['DELETE FROM orders', ['delete'], ['DELETE FROM orders']],
    [
      'with gone as (delete from public.orders returning *) select * from gone',
      ['delete'],
      ['delete from public.orders'],
    ],
    ['select 1; drop table if exists "Old Orders" cascade', ['destroy'], ['drop table if exists "Old Orders"']],
    ['truncate orders, items', ['delete', 'destroy'], ['truncate orders']],
    ['delete /* all */ from only orders', ['delete'], ['delete /* all */ from only orders']],
    ["COPY t TO PROGRAM 'curl x'", ['execute'], ['PROGRAM']],
    ["select 'DELETE FROM orders' as delete", ['read'], []],
    ["update t set note = 'DELETE FROM orders' -- DELETE FROM x", ['delete'], []],
  ] as const)('%s', (text, effects, expected) => {
    expect(marked(text, ...effects)).toEqual(expected)
  })

  test('marks nothing for what the statement does not do', () => {
    expect(marked('SELECT * FROM orders', 'read')).toEqual([])
  })
})

describe('a highlighted statement', () => {
  test('is the statement itself, whatever it is', () => {
    const sqlish = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom(...words)).map((all) => all.join(' ')),
    )
    fc.assert(
      fc.property(sqlish, (text) => {
        expect(
          highlightSql(text, ['delete'])
            .map((piece) => piece.text)
            .join(''),
        ).toBe(text)
      }),
    )
  })
})

const words = [
  'DELETE',
  'from',
  't',
  "'",
  '"',
  '$$',
  '$a$',
  '/*',
  '*/',
  '--',
  '\n',
  ';',
  '(',
  ')',
  '1.5',
  "E'\\'",
  '.',
  ',',
]

describe('a statement laid out for reading', () => {
  test('begins its clauses on lines of their own', () => {
    expect(formatSql('select a from t where b = 1')).toMatch(/^select\n {2}a\nfrom\n {2}t\nwhere/)
  })

  test('keeps strings, names and comments to the letter', () => {
    const text = `select 'a   b', "x   y" from t -- why   so`
    const formatted = formatSql(text)
    for (const kept of ["'a   b'", '"x   y"', '-- why   so']) expect(formatted).toContain(kept)
  })

  test('is left alone where it cannot be understood, or would say something else', () => {
    expect(formatSql("select 'open")).toBeNull()
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words)), (all) => {
        const text = all.join(' ')
        const formatted = formatSql(text)
        const bare = (sql: string) => sql.replaceAll(/\s+/g, '')
        expect(formatted === null || bare(formatted) === bare(text)).toBe(true)
      }),
    )
  })
})
