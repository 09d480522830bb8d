import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Grammar, loadGrammar } from './index.ts'

describe.each([15, 16, 17, 18])('the rows that a statement picks, by the grammar of %i', (major) => {
  let grammar: Grammar
  beforeAll(async () => {
    grammar = await loadGrammar(major)
  })

  it.each([
    ['DELETE FROM t WHERE id > 1', 'FROM t WHERE id > 1'],
    ['delete from only s.t as x where x.id in (1, 2) returning x.id;', 'FROM only s.t as x where x.id in (1, 2)'],
    [
      "DELETE FROM t USING u WHERE t.id = u.id AND u.note = 'returning where'",
      "FROM t , u WHERE t.id = u.id AND u.note = 'returning where'",
    ],
    ['UPDATE t SET a = 1 WHERE b = 2', 'FROM t WHERE b = 2'],
    ['UPDATE t x SET a = u.a FROM u WHERE u.id = x.id', 'FROM t x , u WHERE u.id = x.id'],
    ['UPDATE t SET a = (SELECT max(b) FROM u WHERE c = 1) WHERE d = 2', 'FROM t WHERE d = 2'],
    ['UPDATE t SET a = substring(b FROM 2)', 'FROM t'],
    ['MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN DELETE', 'FROM t JOIN u ON t.id = u.id'],
    ['UPDATE t SET a = $1, b = $3 WHERE id = $2', 'FROM t WHERE id = $2'],
    ['/* DELETE FROM x WHERE */ DELETE FROM t -- WHERE a\nWHERE id = $1', 'FROM t -- WHERE a\nWHERE id = $1'],
  ])('%s', (sql, from) => {
    const words = (text: string | undefined) => text?.replaceAll(/\s+/g, ' ').trim()
    expect(words(grammar.selectionOf(sql)?.from)).toBe(words(from))
  })

  it('says which parameters only new values have', () => {
    expect(grammar.selectionOf('UPDATE t SET a = $1, b = $3 WHERE id = $2 AND c = $1')?.unused).toEqual([3])
    expect(grammar.selectionOf('DELETE FROM t WHERE id = $1')?.unused).toEqual([])
  })

  it.each([
    // Cut at the wrong FROM; the parser does not agree.
    'UPDATE t SET a = b IS DISTINCT FROM c WHERE id = 1',
    'SELECT * FROM t WHERE id = 1',
    'INSERT INTO t VALUES (1)',
    'not SQL',
  ])('is not told of %s', (sql) => {
    const selection = grammar.selectionOf(sql)
    if (selection !== undefined) expect(selection.from).toMatch(/WHERE id = 1$/)
    else expect(selection).toBeUndefined()
  })

  it('is the same condition, whatever stands in it, or nothing', () => {
    const pieces = fc.constantFrom(
      "'where'",
      "'it''s'",
      '"from"',
      '$$returning$$',
      '$x$ where $x$',
      '(SELECT 1 FROM u WHERE true)',
      '/* using */ 1',
      '$1',
      'a',
      "U&'\\0061'",
      '1 -- where\n',
      'ARRAY[1]',
    )
    fc.assert(
      fc.property(
        fc.array(pieces, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('', ' RETURNING *', ' RETURNING a AS "where"'),
        (values, end) => {
          const condition = values.map((value) => `a IS NOT DISTINCT FROM ${value}`).join(' AND ')
          const selection = grammar.selectionOf(`DELETE FROM t WHERE ${condition}${end}`)
          // A comment at the end takes RETURNING with it or not; either way the condition is whole.
          if (selection === undefined) return
          expect(selection.from).toContain(condition.trim().replace(/[;\s]+$/, ''))
        },
      ),
      { numRuns: 200 },
    )
  })
})
