/** Longest text that is parsed, in characters. A longer one is not understood. */
export const longestText = 1024 * 1024

/** Longest text that the event loop of the doors reads itself, in characters: some 5 ms. Longer ones go to a thread. */
export const longestInline = 16 * 1024

/** Most statements in one text; each is judged and recorded by itself. */
export const mostStatements = 5_000

/**
 * Deepest nesting and longest run of operators that are parsed. The parser recurses once for each; measured with a
 * WebAssembly stack of its default size, chains of some 8,000 operators and 2,500 nested sub-selects overflow it.
 */
export const deepestNesting = 500
export const mostOperators = 4_000

/**
 * Words that nest without parentheses or operators: NOT NOT NOT …, CASE WHEN CASE WHEN …, UNION …, x IS NULL IS NULL …,
 * JOIN … JOIN …. AND and OR are not among them: the parser makes flat lists of them.
 */
const nestingWords =
  /^(?:not|case|union|except|intersect|explain|is|isnull|notnull|collate|at|join|like|ilike|similar|between|in|over)$/i
const longestWord = 9

/**
 * Why a text must not be given to the parser; undefined: it may. Looks at characters, strings and comments included, so
 * it may count too much; a comma in a string makes it count too little, and what overflows the parser then is survived
 * (parser.ts).
 */
export function tooMuch(sql: string): string | undefined {
  if (sql.length > longestText) return `The text has ${sql.length} characters; at most ${longestText} are read.`
  if (sql.includes('\0')) return 'The text has a zero byte, where the server would stop reading.'
  // Chains by depth: a comma ends only the one it stands in, so f(1, 2) + f(1, 2) + … is still one chain.
  const chains = new Uint32Array(deepestNesting + 1)
  let depth = 0
  let chained = 0
  let word = -1
  for (let i = 0; i <= sql.length; i++) {
    const code = i < sql.length ? sql.charCodeAt(i) : 0x20
    if (isWord(code)) {
      if (word < 0) word = i
      continue
    }
    let links = 0
    if (word >= 0) {
      if (i - word <= longestWord && nestingWords.test(sql.slice(word, i))) links = 1
      word = -1
    }
    if (isOperator(code)) links += 1
    if (links > 0) {
      chains[depth] = (chains[depth] ?? 0) + links
      chained += links
      if (chained > mostOperators)
        return `The text chains more than ${mostOperators} operators, conditions or CASE expressions.`
    }
    if (code === 0x28 || code === 0x5b) {
      depth += 1
      if (depth > deepestNesting) return `The text nests deeper than ${deepestNesting} parentheses.`
    } else if (code === 0x29 || code === 0x5d || code === 0x2c || code === 0x3b) {
      // A comma or semicolon ends the chain it stands in, a parenthesis the one inside: long lists are flat.
      const closes = code === 0x29 || code === 0x5d
      if (closes && depth === 0) continue
      chained -= chains[depth] ?? 0
      chains[depth] = 0
      if (closes) depth -= 1
    }
  }
  return undefined
}

function isWord(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x5f ||
    code >= 0x80
  )
}

/** + - * / : < = > ? @ ! # % ^ & | ` ~ */
function isOperator(code: number): boolean {
  return (
    code === 0x21 ||
    code === 0x23 ||
    code === 0x25 ||
    code === 0x26 ||
    code === 0x2a ||
    code === 0x2b ||
    code === 0x2d ||
    code === 0x2f ||
    code === 0x3a ||
    (code >= 0x3c && code <= 0x40) ||
    code === 0x5e ||
    code === 0x60 ||
    code === 0x7c ||
    code === 0x7e
  )
}
