/** A line of two texts laid over each other; `gap` stands for lines that are in both and not shown. */
export type DiffLine =
  | { readonly kind: 'same' | 'added' | 'removed'; readonly text: string }
  | { readonly kind: 'gap'; readonly lines: number }

/** Lines around a change that are shown. */
const context = 2
/** Pairs of lines that are compared at most; beyond it all of the old stands before all of the new. */
const mostPairs = 4_000_000

/** What it takes to get from one text to the other, line by line, with the lines around. Empty: nothing. */
export function lineDiff(before: string, after: string): readonly DiffLine[] {
  return before === after ? [] : withGaps(allLines(linesOf(before), linesOf(after)))
}

type Line = Exclude<DiffLine, { kind: 'gap' }>

function linesOf(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

function allLines(before: readonly string[], after: readonly string[]): Line[] {
  const shorter = Math.min(before.length, after.length)
  let head = 0
  while (head < shorter && before[head] === after[head]) head++
  let tail = 0
  while (tail < shorter - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++
  return [
    ...lines('same', before.slice(0, head)),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...lines('same', before.slice(before.length - tail)),
  ]
}

function lines(kind: Line['kind'], texts: readonly string[]): Line[] {
  return texts.map((text) => ({ kind, text }))
}

/** By the longest common subsequence, what is removed before what is added. */
function middle(before: readonly string[], after: readonly string[]): Line[] {
  const width = after.length + 1
  if (before.length * after.length > mostPairs) return [...lines('removed', before), ...lines('added', after)]
  /** The length of what the rests from here on have in common. */
  const common = new Uint32Array((before.length + 1) * width)
  const at = (i: number, j: number) => common[i * width + j] ?? 0
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      common[i * width + j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  const found: Line[] = []
  let [i, j] = [0, 0]
  while (i < before.length || j < after.length) {
    const [old, next] = [before[i], after[j]]
    if (old !== undefined && old === next) {
      found.push({ kind: 'same', text: old })
      i++
      j++
    } else if (old !== undefined && (next === undefined || at(i + 1, j) >= at(i, j + 1))) {
      found.push({ kind: 'removed', text: old })
      i++
    } else if (next !== undefined) {
      found.push({ kind: 'added', text: next })
      j++
    }
  }
  return found
}

function withGaps(all: readonly Line[]): DiffLine[] {
  const near = new Set<number>()
  for (const [index, { kind }] of all.entries()) {
    if (kind === 'same') continue
    for (let one = index - context; one <= index + context; one++) near.add(one)
  }
  const shown: DiffLine[] = []
  let hidden = 0
  const endGap = () => {
    if (hidden > 0) shown.push({ kind: 'gap', lines: hidden })
    hidden = 0
  }
  for (const [index, line] of all.entries()) {
    if (near.has(index)) {
      endGap()
      shown.push(line)
    } else hidden++
  }
  endGap()
  return shown
}
