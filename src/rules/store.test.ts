import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { completeAction } from '../action/index.ts'
import { SallyportError } from '../errors/index.ts'
import type { RefusedSet, RulesInForce } from './store/ready-rules.ts'
import { openRuleStore, type RuleStore, type RuleStoreOptions } from './store.ts'

let folder: string
let store: RuleStore | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-rules-'))
})
afterEach(async () => {
  await store?.close()
  store = undefined
  await rm(folder, { recursive: true, force: true })
})

const ruleFile = (id: string, then: string) =>
  `version: 1\nrules:\n  - { id: ${id}, about: About ${id}, when: 'true', then: ${then} }\n`

/** Opens a store whose callbacks can be waited for. Rescanning is off, so that only the watcher can bring a change. */
async function open(options: Partial<RuleStoreOptions> = {}) {
  const changes = queue<RulesInForce>()
  const refusals = queue<RefusedSet>()
  store = await openRuleStore({
    paths: [folder],
    debounce: 0,
    rescan: 0,
    onChange: (now) => changes.put(now),
    onRefused: (refused) => refusals.put(refused),
    ...options,
  })
  return { store, changes, refusals }
}

function queue<T>() {
  const items: T[] = []
  const waiting: ((item: T) => void)[] = []
  return {
    put(item: T) {
      const next = waiting.shift()
      if (next) next(item)
      else items.push(item)
    },
    next(): Promise<T> {
      const item = items.shift()
      return item === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(item)
    },
    get length() {
      return items.length
    },
  }
}

const outcome = (rules: RuleStore | RulesInForce) =>
  ('judge' in rules ? rules : rules.current()).judge.judge(completeAction({})).outcome

describe('a store of rules', () => {
  it('reads every rule file of a folder and below, in the order of their names, and nothing else', async () => {
    await mkdir(join(folder, 'more'))
    await mkdir(join(folder, '.git'))
    await writeFile(join(folder, 'b.yml'), ruleFile('b', 'flag'))
    await writeFile(join(folder, 'a.yaml'), ruleFile('a', 'flag'))
    await writeFile(join(folder, 'more', 'c.yaml'), ruleFile('c', 'flag'))
    await writeFile(join(folder, 'README.md'), '# not rules')
    await writeFile(join(folder, '.a.yaml.swp'), 'x')
    await writeFile(join(folder, '.git', 'x.yaml'), 'x')
    const { store } = await open()
    expect(store.current().rules.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
    expect(store.current().files.map(({ file }) => file.slice(folder.length))).toEqual(
      expect.arrayContaining(['/a.yaml', '/b.yml', '/more/c.yaml']),
    )
  })

  it('reads a file once that is named twice', async () => {
    await writeFile(join(folder, 'a.yaml'), ruleFile('a', 'flag'))
    await symlink(join(folder, 'a.yaml'), join(folder, 'link.yaml'))
    const { store } = await open({ paths: [join(folder, 'a.yaml'), folder] })
    expect(store.current().rules).toHaveLength(1)
  })

  it('does not open on rules that do not load, on none, or on a path that is not there', async () => {
    await writeFile(join(folder, 'a.yaml'), ruleFile('a', 'hodl'))
    await expect(open()).rejects.toThrow(SallyportError)
    await expect(open()).rejects.toMatchObject({
      code: 'rules_invalid',
      diagnostics: [{ line: 3, message: expect.stringContaining('hodl') }],
    })
    await unlink(join(folder, 'a.yaml'))
    await expect(open()).rejects.toMatchObject({ code: 'rules_invalid' })
    await expect(open({ paths: [join(folder, 'nowhere')] })).rejects.toMatchObject({
      code: 'rules_invalid',
      diagnostics: [{ message: expect.stringContaining('cannot be read') }],
    })
    const { store } = await open({ allowEmpty: true })
    expect(store.current().rules).toEqual([])
  })

  it('refuses bytes that are not UTF-8 instead of guessing', async () => {
    await writeFile(join(folder, 'a.yaml'), Buffer.from([0x23, 0xff, 0x0a]))
    await expect(open()).rejects.toMatchObject({ code: 'rules_invalid' })
  })
})

describe('a change on disk', () => {
  const file = () => join(folder, 'a.yaml')

  it.each([
    ['written in place', async (text: string) => writeFile(file(), text)],
    [
      'renamed over the file, as editors do',
      async (text: string) => {
        await writeFile(join(folder, 'a.yaml~new'), text)
        await rename(join(folder, 'a.yaml~new'), file())
      },
    ],
    [
      'deleted and written anew',
      async (text: string) => {
        await unlink(file())
        await writeFile(file(), text)
      },
    ],
  ])('%s is in force soon, twice in a row, for a folder and for a file', async (_, write) => {
    for (const paths of [[folder], [file()]]) {
      await writeFile(file(), ruleFile('a', 'flag'))
      const { store, changes } = await open({ paths })
      const version = store.current().judge.version
      await write(ruleFile('a', 'block'))
      expect(outcome(await changes.next())).toBe('block')
      expect(outcome(store)).toBe('block')
      expect(store.current().judge.version).not.toBe(version)
      await write(ruleFile('a', 'hold'))
      expect(outcome(await changes.next())).toBe('hold')
      await store.close()
    }
  })

  it('that adds or deletes a file is in force soon', async () => {
    await writeFile(file(), ruleFile('a', 'flag'))
    const { changes } = await open()
    await mkdir(join(folder, 'more'))
    await writeFile(join(folder, 'more', 'b.yaml'), ruleFile('b', 'block'))
    expect((await changes.next()).rules.map(({ id }) => id)).toEqual(['a', 'b'])
    await unlink(join(folder, 'more', 'b.yaml'))
    expect((await changes.next()).rules.map(({ id }) => id)).toEqual(['a'])
  })

  it('that does not load leaves the last good rules in force, says so once, and gives way to the next good one', async () => {
    await writeFile(file(), ruleFile('a', 'block'))
    const { store, changes, refusals } = await open()
    const before = store.current()
    await writeFile(file(), ruleFile('a', 'blok'))
    const refused = await refusals.next()
    expect(refused.diagnostics[0]).toMatchObject({ line: 3, hint: 'did you mean block?' })
    expect(refused.files[0]?.text).toContain('blok')
    expect(store.current()).toBe(before)
    expect(await store.reload()).toMatchObject({ ok: false })
    expect(refusals.length).toBe(0)
    await writeFile(file(), ruleFile('a', 'flag'))
    expect(outcome(await changes.next())).toBe('flag')
  })

  it('that deletes every rule leaves the last good rules in force', async () => {
    await writeFile(file(), ruleFile('a', 'block'))
    const { store, refusals } = await open()
    await unlink(file())
    expect((await refusals.next()).diagnostics[0]?.message).toContain('no rules')
    expect(outcome(store)).toBe('block')
    await rm(folder, { recursive: true })
    expect(await store.reload()).toMatchObject({ ok: false })
    expect(outcome(store)).toBe('block')
  })

  it('that comes through a swapped folder link is found by looking again', async () => {
    for (const [name, then] of [
      ['one', 'flag'],
      ['two', 'block'],
    ] as const) {
      await mkdir(join(folder, name))
      await writeFile(join(folder, name, 'a.yaml'), ruleFile('a', then))
    }
    await symlink(join(folder, 'one'), join(folder, 'current'))
    const { changes } = await open({ paths: [join(folder, 'current')], rescan: 50 })
    await symlink(join(folder, 'two'), join(folder, 'next'))
    await rename(join(folder, 'next'), join(folder, 'current'))
    expect(outcome(await changes.next())).toBe('block')
  })

  it('is read at once on demand; the same contents are no change', async () => {
    await writeFile(file(), ruleFile('a', 'flag'))
    const { store, changes } = await open({ debounce: 60_000 })
    await writeFile(file(), ruleFile('a', 'block'))
    expect(await store.reload()).toEqual({ ok: true })
    expect(outcome(await changes.next())).toBe('block')
    await store.reload()
    expect(changes.length).toBe(0)
  })
})
