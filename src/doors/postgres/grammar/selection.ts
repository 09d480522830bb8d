import { isTree, list, type Tree, tree, unwrap } from './tree.ts'

/** The rows that a DELETE or UPDATE picks, as text that a SELECT can take. */
export interface Selection {
  /** `WITH …`, or nothing. */
  readonly head: string
  /** `FROM … WHERE …`. */
  readonly from: string
  /** Other tables are joined: a row may be met several times. */
  readonly joined: boolean
  /** Parameters of the statement that have no place here, such as new values: the server cannot tell their type. */
  readonly unused: readonly number[]
}

interface Token {
  readonly word: string
  readonly start: number
  readonly end: number
}

/**
 * Rewrites the text of a DELETE or UPDATE to the selection of its rows. The places where it is cut are found by
 * looking at words outside parentheses, quotes and comments; whether the result is right is for the parser to say.
 * @param parse the tree of one statement, without places; undefined: it does not parse
 */
export function selectionOf(sql: string, parse: (sql: string) => unknown): Selection | undefined {
  const statement = unwrap(parse(sql))
  const cut = statement === undefined ? undefined : cutters[statement.kind]?.(sql)
  if (statement === undefined || cut === undefined) return undefined
  const { kind, node } = statement
  const own = { RangeVar: node.relation }
  const others = [...list(node.usingClause), ...list(node.fromClause)]
  const join = { JoinExpr: { jointype: 'JOIN_INNER', larg: own, quals: node.joinCondition, rarg: node.sourceRelation } }
  const selected = tree(unwrap(parse(`${cut.head} SELECT 1 ${cut.from}`))?.node)
  const same =
    equal(selected.whereClause, node.whereClause) &&
    equal(selected.withClause, node.withClause) &&
    equal(selected.fromClause, kind === 'MergeStmt' ? [join] : [own, ...others])
  const used = parameters(selected)
  const unused = parameters(node).filter((parameter) => !used.includes(parameter))
  return same ? { ...cut, joined: kind === 'MergeStmt' || others.length > 0, unused } : undefined
}

const cutters: Readonly<Record<string, (sql: string) => Cut | undefined>> = {
  DeleteStmt: cutDelete,
  UpdateStmt: cutUpdate,
  MergeStmt: cutMerge,
}

interface Cut {
  readonly head: string
  readonly from: string
}

function cutDelete(sql: string): Cut | undefined {
  const words = topWords(sql)
  const at = words.findIndex(({ word }) => word === 'delete')
  const from = words[at + 1]
  const start = words[at]
  if (start === undefined || from?.word !== 'from') return undefined
  const rest = words.slice(at + 2)
  const where = rest.find(({ word }) => word === 'where')
  const returning = rest.find(({ word }) => word === 'returning')
  const using = rest.find(({ word, start }) => word === 'using' && start < (where?.start ?? sql.length))
  const end = returning?.start ?? sql.length
  const table = sql.slice(from.end, using?.start ?? where?.start ?? end)
  const joined = using === undefined ? '' : `, ${sql.slice(using.end, where?.start ?? end)}`
  const condition = where === undefined ? '' : sql.slice(where.start, end)
  return { head: sql.slice(0, start.start), from: `FROM ${table}${joined} ${withoutEnd(condition)}` }
}

function cutUpdate(sql: string): Cut | undefined {
  const words = topWords(sql)
  const at = words.findIndex(({ word }) => word === 'update')
  const update = words[at]
  const rest = words.slice(at + 1)
  const set = rest.find(({ word }) => word === 'set')
  if (update === undefined || set === undefined) return undefined
  const where = rest.findLast(({ word }) => word === 'where')
  const returning = rest.find(({ word }) => word === 'returning')
  const end = returning?.start ?? sql.length
  const from = rest.findLast(({ word, start }) => word === 'from' && start > set.end && start < (where?.start ?? end))
  const joined = from === undefined ? '' : `, ${sql.slice(from.end, where?.start ?? end)}`
  const condition = where === undefined ? '' : sql.slice(where.start, end)
  return {
    head: sql.slice(0, update.start),
    from: `FROM ${sql.slice(update.end, set.start)}${joined} ${withoutEnd(condition)}`,
  }
}

/** The rows of the target that match: those that match nothing are only inserted. */
function cutMerge(sql: string): Cut | undefined {
  const words = topWords(sql)
  const at = words.findIndex(({ word }) => word === 'merge')
  const start = words[at]
  const into = words[at + 1]
  const using = words.find(({ word }) => word === 'using')
  const when = words.find(({ word }) => word === 'when')
  if (start === undefined || into?.word !== 'into' || using === undefined || when === undefined) return undefined
  const joined = `${sql.slice(into.end, using.start)} JOIN ${sql.slice(using.end, when.start)}`
  return { head: sql.slice(0, start.start), from: `FROM ${joined}` }
}

function withoutEnd(text: string): string {
  return text.replace(/[;\s]+$/, '')
}

/** Words outside parentheses, strings, quoted names and comments. */
function topWords(sql: string): Token[] {
  const found: Token[] = []
  const piece =
    /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\/|[()]|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/g
  let depth = 0
  for (const match of sql.matchAll(piece)) {
    const [text] = match
    if (text === '(') depth += 1
    else if (text === ')') depth -= 1
    else if (depth === 0 && /^[A-Za-z_]/.test(text))
      found.push({ word: text.toLowerCase(), start: match.index, end: match.index + text.length })
  }
  return found
}

function parameters(value: unknown): number[] {
  const found = new Set<number>()
  const visit = (inner: unknown): void => {
    if (Array.isArray(inner)) for (const item of inner) visit(item)
    else if (isTree(inner)) {
      if (isTree(inner.ParamRef)) found.add(Number(inner.ParamRef.number ?? 0))
      for (const member of Object.values(inner)) visit(member)
    }
  }
  visit(value)
  return [...found].sort((a, b) => a - b)
}

function equal(left: unknown, right: unknown): boolean {
  return JSON.stringify(withoutPlaces(left ?? [])) === JSON.stringify(withoutPlaces(right ?? []))
}

/** Where something stands in the text; from PostgreSQL 18 on also where lists begin and end. */
const places = /^location$|list_(start|end)$/

function withoutPlaces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlaces)
  if (!isTree(value)) return value
  const members: Tree = value
  return Object.fromEntries(
    Object.entries(members)
      .filter(([key]) => !places.test(key))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, withoutPlaces(member)]),
  )
}
