import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runLine as run } from '../../test/support/cli.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-rules-new-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('rules new', () => {
  it('asks, says what is no answer and asks again, and adds the rule to the file', async () => {
    const file = join(folder, 'asked.yaml')
    const typed = ['delete, remove', 'delete', '', 'orders', 'agents', '100', '', '', '2', 'dba', '', 'enforce', '', '']
    const { code, out, err } = await run(['rules', 'new', '--file', file], { typed })
    expect([code, out.split('\n')[0]]).toEqual([0, `Added delete-orders to ${file}; its 6 tests pass.`])
    expect(err).toContain('remove is none of: read, write, delete')
    const text = readFileSync(file, 'utf8')
    expect(text).toContain('about: delete on orders, more than 100 rows\n')
    expect(text).toContain('actor.kind == "agent" && impact.rows > 100\n')
    expect((await run(['rules', 'test', file])).out).toContain('6 tests passed, 0 failed')
    const again = await run(['rules', 'new', '--file', file, '--tables', 'orders'])
    expect(again.out).toContain('Added delete-orders-2 to')
    expect((await run(['rules', 'check', file])).out).toContain('2 rules in 1 file')
  })

  it('prints the rule where no file is named, from options and defaults alone', async () => {
    const { code, out } = await run(['rules', 'new', '--effects', 'grant', '--rows', 'any', '--outcome', 'block'])
    expect(code).toBe(0)
    expect(out).toContain(`when: target.environment == "production" && "grant" in effects\n    then: block\n`)
  })

  it('gives up after three answers that are none', async () => {
    const { code, err } = await run(['rules', 'new'], { typed: ['a', 'b', 'c', 'delete'] })
    expect([code, err.match(/is none of/g)?.length]).toEqual([2, 3])
  })

  it.each([
    ['an effect that there is not', ['--effects', 'erase'], '--effects: erase is none of'],
    ['a span that is none', ['--within', 'soon'], '--within: soon is no span'],
    ['a name that is none', ['--id', 'No Name'], '--id: No Name is no name for a rule'],
    ['a file that is none', ['--file', 'rules.txt'], 'rules.txt is no rule file'],
    ['nobody to approve', ['--approvals', '0'], '--approvals: between 1 and 20'],
  ])('refuses %s with exit code 2', async (_, options, says) => {
    const { code, out, err } = await run(['rules', 'new', ...options])
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(says)
  })

  it('writes nothing where the file, or one beside it, would not load', async () => {
    const file = join(folder, 'mine', 'new.yaml')
    const nowhere = await run(['rules', 'new', '--file', file])
    expect([nowhere.code, existsSync(file)]).toEqual([3, false])
    const broken = join(folder, 'broken.yaml')
    writeFileSync(broken, 'version: 1\nrules: 7\n')
    const beside = join(folder, 'beside.yaml')
    const { code, err } = await run(['rules', 'new', '--file', beside])
    expect([code, existsSync(beside)]).toEqual([3, false])
    expect(err).toContain('broken.yaml:2')
    expect((await run(['rules', 'new', '--file', broken])).code).not.toBe(0)
    expect(readFileSync(broken, 'utf8')).toBe('version: 1\nrules: 7\n')
  })
})
