import {
  type Document,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml'
import type { Diagnostic } from './diagnostic.ts'
import { errorMessage } from './sallyport-error.ts'

/** A stretch of a file, in UTF-16 offsets. */
export interface Span {
  readonly start: number
  readonly length: number
}

/** One slip in YAML can make everything behind it an error; the first few say enough. */
const maxProblems = 5

export type Path = readonly PropertyKey[]

/** Advice on a line that YAML reads differently than its author meant: what to put in quotes. */
export type QuotingHint = (line: string) => string | undefined

/** A YAML text that remembers where everything stands, so that each finding can point at its place. */
export class YamlSource {
  readonly file: string
  readonly text: string
  readonly #document: Document.Parsed
  readonly #lines: LineCounter
  readonly #hint: QuotingHint

  private constructor(file: string, text: string, document: Document.Parsed, lines: LineCounter, hint: QuotingHint) {
    this.file = file
    this.text = text
    this.#document = document
    this.#lines = lines
    this.#hint = hint
  }

  /** Reads a text; returns diagnostics for what is not plain YAML data. */
  static read(file: string, text: string, hint: QuotingHint = () => undefined): YamlSource | Diagnostic[] {
    const lines = new LineCounter()
    let document: Document.Parsed
    try {
      document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2' })
    } catch (thrown) {
      return [{ severity: 'error', message: `not readable as YAML: ${errorMessage(thrown)}`, file, line: 1, column: 1 }]
    }
    const source = new YamlSource(file, text, document, lines, hint)
    const problems = [...document.errors, ...document.warnings].slice(0, maxProblems)
    if (problems.length > 0) {
      return problems.map(({ pos, message }) =>
        source.diagnostic(
          { start: pos[0], length: Math.max(1, pos[1] - pos[0]) },
          message,
          source.#quotingHint(pos[0]),
        ),
      )
    }
    const refused = source.#refused()
    return refused.length > 0 ? refused : source
  }

  /** The plain data: maps, lists, strings, numbers, booleans, null. */
  get data(): unknown {
    return this.#document.toJS()
  }

  diagnostic(span: Span, message: string, hint?: string, severity: Diagnostic['severity'] = 'error'): Diagnostic {
    const { line, col } = this.#lines.linePos(span.start)
    return {
      severity,
      message,
      ...(hint === undefined ? {} : { hint }),
      file: this.file,
      line: Math.max(1, line),
      column: Math.max(1, col),
      length: Math.max(1, span.length),
    }
  }

  /** Where the value at `path` stands; where there is none, its nearest ancestor's key. */
  value(path: Path): Span {
    const node = this.#node(path)
    if (node?.range)
      return { start: node.range[0], length: Math.max(1, this.#singleLine(node.range[0], node.range[1])) }
    return path.length === 0 ? { start: 0, length: 1 } : this.key(path)
  }

  /** Where the key of the value at `path` stands; for an item of a list, where the item begins. */
  key(path: Path): Span {
    for (let depth = path.length; depth > 0; depth--) {
      const parent = this.#node(path.slice(0, depth - 1))
      const last = path[depth - 1]
      if (isMap(parent)) {
        const key = parent.items.find((pair) => isScalar(pair.key) && pair.key.value === last)?.key
        if (isScalar(key) && key.range) return { start: key.range[0], length: key.range[1] - key.range[0] }
      }
      const node = this.#node(path.slice(0, depth))
      if (node?.range) return { start: node.range[0], length: 1 }
    }
    return { start: 0, length: 1 }
  }

  /**
   * For a string on one line: a function from an offset in the string's value to its offset in the file, through
   * quotes and escapes. undefined for a string that spans lines or is written as a block (`|`, `>`).
   */
  stringOffsets(path: Path): ((offset: number) => number) | undefined {
    const node = this.#node(path)
    if (!isScalar(node) || typeof node.value !== 'string' || !node.range) return undefined
    const [start, end] = node.range
    const written = this.text.slice(start, end)
    if (/[\r\n]/.test(written)) return undefined
    switch (node.type) {
      case 'PLAIN':
        return (offset) => start + Math.min(offset, written.length)
      case 'QUOTE_SINGLE':
        return offsetsThrough(written, start, /''|./gsy)
      case 'QUOTE_DOUBLE':
        return offsetsThrough(written, start, /\\(?:x[\da-f]{2}|u[\da-f]{4}|U[\da-f]{8}|.)|./gisy)
      default:
        return undefined
    }
  }

  #node(path: Path): Node | null | undefined {
    let node: Node | null | undefined = this.#document.contents
    for (const step of path) {
      if (!isCollection(node)) return undefined
      if (isSeq(node) && typeof step !== 'number') return undefined
      const next: unknown = node.get(step, true)
      node = isScalar(next) || isCollection(next) ? next : undefined
    }
    return node
  }

  #singleLine(start: number, end: number): number {
    const text = this.text.slice(start, end)
    const newline = text.search(/[\r\n]/)
    return newline === -1 ? text.length : newline
  }

  /** What YAML can do and our files must not: aliases hide what a file says, tags change what a value is. */
  #refused(): Diagnostic[] {
    const found: Diagnostic[] = []
    visit(this.#document, {
      Alias: (_, node) => {
        found.push(this.#refuse(node, 'anchors and aliases are not supported'))
      },
      Node: (_, node) => {
        if ('anchor' in node && node.anchor) {
          found.push(this.#refuse(node, 'anchors and aliases are not supported'))
        }
        if (node.tag) {
          const hint = this.#quotingHint(node.range?.[0] ?? 0)
          found.push(this.#refuse(node, `the YAML tag ${node.tag} is not supported`, hint))
        }
      },
      Pair: (_, pair) => {
        if (isPair(pair) && isScalar(pair.key) && typeof pair.key.value !== 'string') {
          found.push(this.#refuse(pair.key, 'a key must be a string', 'put it in quotes'))
        }
      },
    })
    return found
  }

  #refuse(node: { range?: [number, number, number] | null | undefined }, message: string, hint?: string): Diagnostic {
    return this.diagnostic({ start: node.range?.[0] ?? 0, length: 1 }, message, hint)
  }

  #quotingHint(offset: number): string | undefined {
    const begin = this.text.lastIndexOf('\n', offset - 1) + 1
    return this.#hint(this.text.slice(begin).split('\n')[0] ?? '')
  }
}

function offsetsThrough(written: string, start: number, unit: RegExp): (offset: number) => number {
  const at: number[] = []
  let place = 1
  for (const [piece] of written.slice(1, -1).matchAll(unit)) {
    at.push(start + place)
    // An escape such as \U0001F600 stands for two UTF-16 units.
    if (/^\\U/.test(piece) && Number.parseInt(piece.slice(2), 16) > 0xffff) at.push(start + place)
    place += piece.length
  }
  return (offset) => at[offset] ?? start + place
}
