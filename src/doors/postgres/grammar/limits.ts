/** Longest text that is parsed, in characters. A longer one is not understood. */
export const longestText = 1024 * 1024

/**
 * Deepest nesting and longest run of operators that are parsed. The parser recurses once for each; measured with a
 * WebAssembly stack of its default size, chains of some 8,000 operators and 2,500 nested sub-selects overflow it.
 */
export const deepestNesting = 500
export const mostOperators = 4_000

/** Why a text must not be given to the parser; undefined: it may. Looks at characters only, so it cannot be fooled into less. */
export function tooMuch(sql: string): string | undefined {
  if (sql.length > longestText) return `The text has ${sql.length} characters; at most ${longestText} are read.`
  if (sql.includes('\0')) return 'The text has a zero byte, where the server would stop reading.'
  let depth = 0
  let operators = 0
  for (let i = 0; i < sql.length; i++) {
    const code = sql.charCodeAt(i)
    if (code === 0x28 || code === 0x5b) {
      depth += 1
      if (depth > deepestNesting) return `The text nests deeper than ${deepestNesting} parentheses.`
    } else if (code === 0x29 || code === 0x5d) depth = Math.max(0, depth - 1)
    else if (code !== 0x2c && isOperator(code)) operators += 1
    // A comma ends a chain of operators: long lists are flat.
    else if (code === 0x2c || code === 0x3b) operators = 0
    if (operators > mostOperators) return `The text chains more than ${mostOperators} operators.`
  }
  if (wordChain(sql)) return `The text chains more than ${mostOperators} conditions or CASE expressions.`
  return undefined
}

/** + - * / < > = ~ ! @ # % ^ & | ` ? */
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
    (code >= 0x3c && code <= 0x40) ||
    code === 0x5e ||
    code === 0x60 ||
    code === 0x7c ||
    code === 0x7e
  )
}

/** NOT NOT NOT …, CASE WHEN CASE WHEN …, UNION UNION …: recursion without parentheses or operators. */
function wordChain(sql: string): boolean {
  if (sql.length < 4 * deepestNesting) return false
  const words = sql.match(/\b(not|case|union|except|intersect|explain)\b/gi)
  return words !== null && words.length > mostOperators
}
