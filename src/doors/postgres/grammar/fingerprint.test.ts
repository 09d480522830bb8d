import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { plainText } from './fingerprint.ts'
import { Parser } from './parser.ts'

const parser = await Parser.load('libpg-query')
const plain = (sql: string) => plainText(sql, parser)

test.each([
  ['SELECT 1', 'SELECT 1'],
  ['  SELECT\n\t1 ;; ', 'SELECT 1'],
  ['-- why\nSELECT /* a /* b */ c */ 1 -- done', 'SELECT 1'],
  ['SELECT/**/1', 'SELECT 1'],
  ["SELECT '  -- no comment  '", "SELECT '  -- no comment  '"],
  ['SELECT "a  b"', 'SELECT "a  b"'],
  ['SELECT $x$ /* kept */ $x$', 'SELECT $x$ /* kept */ $x$'],
  ["SELECT E'\\'  --', 1", "SELECT E'\\'  --', 1"],
  ["SELECT 'a'\n  'b'", "SELECT 'a'\n  'b'"],
  ['SELECT é', 'SELECT é'],
  ["SELECT U&'d\\0061t'  UESCAPE  '!'", "SELECT U&'d\\0061t' UESCAPE '!'"],
])('%j is %j', (sql, text) => {
  expect(plain(sql)).toBe(text)
})

describe('other statements stay other statements:', () => {
  test.each([
    ['SELECT a', 'select a'],
    ['SELECT a', 'SELECT "a"'],
    ["SELECT ' '", "SELECT '  '"],
    ["SELECT 'x'", "SELECT 'x --'"],
    ['SELECT a . b', 'SELECT a.b'],
    ['SELECT 1 + 1', 'SELECT 1 +1'],
    ['SELECT 12', 'SELECT 1 2'],
    ["SELECT 'a' 'b'", "SELECT 'a'\n'b'"],
    ['SELECT a -- b', 'SELECT a - - b'],
    ['SELECT 1; SELECT 2', 'SELECT 1 SELECT 2'],
  ])('%j, %j', (one, other) => {
    expect(plain(one)).not.toBe(plain(other))
  })
})

test.each(['', ' ; -- nothing', "SELECT 'open", 'SELECT $a$ open', '/* open', 'SELECT 1\0', 'SELECT \ud800'])(
  '%j has none',
  (sql) => {
    expect(plain(sql)).toBeUndefined()
  },
)

test('what is left is parsed as the whole was, and is left as it is', () => {
  const gap = fc.constantFrom(' ', '\n', '\t ', ' /* x */ ', '/**/', ' -- it is\n', " /* ' */ ", ' --"\n')
  const token = fc.constantFrom(
    "'a'",
    "'a  b'",
    "' -- '",
    "'it''s'",
    "E'\\' /*'",
    '$$ -- $$',
    '$t$ $$ $t$',
    '"q  q"',
    'x',
    '1',
    '1.5e3',
    '(',
    ')',
    ',',
    '+',
    '-',
    '*',
    '/',
    '.',
    '::',
    'AND',
    'NULL',
  )
  /** Where things stand in the text is all that may differ. */
  const tree = (sql: string) => {
    try {
      return JSON.stringify(parser.parse(sql), (key, value) =>
        /^(location|stmt_len|stmt_location|\w+_loc)$/.test(key) ? 0 : value,
      )
    } catch {
      return 'refused'
    }
  }
  let parsed = 0
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.oneof(gap, fc.constant('')), token), { maxLength: 8 }), gap, (parts, end) => {
      const sql = `SELECT ${parts.map((part) => part.join('')).join('')}${end}`
      const text = plain(sql)
      if (text === undefined) return
      expect(tree(text)).toBe(tree(sql))
      expect(plain(text)).toBe(text)
      if (tree(sql) !== 'refused') parsed += 1
    }),
    { numRuns: 3_000 },
  )
  expect(parsed).toBeGreaterThan(100)
})
