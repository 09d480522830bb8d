import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DiffLine, lineDiff } from './line-diff.ts'

const written = (diff: readonly DiffLine[]) =>
  diff.map((line) => {
    if (line.kind === 'gap') return `@${line.lines}`
    return `${{ same: ' ', added: '+', removed: '-' }[line.kind]}${line.text}`
  })

describe('what changes between two texts', () => {
  it('is shown with two lines around each change', () => {
    const before = 'a\nb\nc\nd\ne\nf\ng\nh\n'
    const after = before.replace('d\n', 'D\n')
    expect(written(lineDiff(before, after))).toEqual(['@1', ' b', ' c', '-d', '+D', ' e', ' f', '@2'])
  })

  it('is nothing for the same text, and all of it for a new one', () => {
    expect(lineDiff('a\nb\n', 'a\nb\n')).toEqual([])
    expect(written(lineDiff('', 'a\nb\n'))).toEqual(['+a', '+b'])
    expect(written(lineDiff('a\n', ''))).toEqual(['-a'])
  })

  it('stays quick where the texts are long and have nothing in common', () => {
    const text = (word: string) => Array.from({ length: 5_000 }, (_, line) => `${word}${line}`).join('\n')
    const diff = lineDiff(text('a'), text('b'))
    expect(diff.filter(({ kind }) => kind === 'removed')).toHaveLength(5_000)
    expect(diff.filter(({ kind }) => kind === 'added')).toHaveLength(5_000)
  })

  it('holds every line of the one that goes, of the other that comes, and counts the rest', () => {
    const texts = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 30 })
    fc.assert(
      fc.property(texts, texts, (before, after) => {
        fc.pre(before.join('\n') !== after.join('\n'))
        const diff = lineDiff(before.map((line) => `${line}\n`).join(''), after.map((line) => `${line}\n`).join(''))
        for (const [side, all] of [
          ['removed', before],
          ['added', after],
        ] as const) {
          const rest: (string | undefined)[] = [...all]
          for (const line of diff) {
            if (line.kind === 'gap') rest.splice(0, line.lines)
            else if (line.kind === 'same' || line.kind === side) expect(rest.shift()).toBe(line.text)
          }
          expect(rest).toEqual([])
        }
      }),
    )
  })
})
