import { existsSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type GitRepository, makeGitRepository, noGit } from '../../../test/support/git-repository.ts'
import { completeAction } from '../../action/index.ts'
import { openRuleStore, type RuleStore } from '../store.ts'
import { GitRules, type GitRulesOptions } from './git-rules.ts'

let folder: string
let origin: string
let repository: GitRepository
let store: RuleStore | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-git-'))
  origin = join(folder, 'origin')
  repository = makeGitRepository(origin)
})
afterEach(async () => {
  await store?.close()
  store = undefined
  rmSync(folder, { recursive: true, force: true })
})

const rule = (id: string, then: string) =>
  `version: 1\nrules:\n  - { id: ${id}, about: ${id}, when: 'true', then: ${then} }\n`

const open = (change: Partial<GitRulesOptions> = {}) =>
  GitRules.open({ url: origin, branch: 'main', folder: 'rules', mirror: join(folder, 'mirror'), ...change })

const refusal = async (rules: GitRules) => {
  const read = await rules.read()
  return 'diagnostics' in read ? read.diagnostics.map(({ file, message }) => `${file}: ${message}`) : []
}

describe.skipIf(noGit !== '')(`rules from a git repository${noGit}`, () => {
  test('are the rule files of a folder at the newest commit of the branch, and nothing else', async () => {
    const id = repository.commit({
      'rules/b.yaml': rule('b', 'flag'),
      'rules/more/a.yml': rule('a', 'hold'),
      'rules/README.md': '# no rules',
      'rules/.hidden.yaml': 'x',
      'rules/.github/x.yaml': 'x',
      'elsewhere.yaml': 'x',
    })
    repository.git('checkout', '--quiet', '-b', 'other')
    repository.commit({ 'rules/c.yaml': 'x' })
    const read = await (await open()).read()
    expect(read).toEqual({
      commit: id,
      files: [
        { file: 'rules/b.yaml', text: rule('b', 'flag') },
        { file: 'rules/more/a.yml', text: rule('a', 'hold') },
      ],
    })
    const all = await (await open({ folder: '', mirror: join(folder, 'other') })).read()
    expect('files' in all && all.files.map(({ file }) => file)).toEqual([
      'elsewhere.yaml',
      'rules/b.yaml',
      'rules/more/a.yml',
    ])
  })

  test('follow the branch, also where its history is another', async () => {
    repository.commit({ 'rules/a.yaml': rule('a', 'flag') })
    const source = await open()
    store = await openRuleStore({ paths: [], source, rescan: 0 })
    const outcome = () => store?.current().judge.judge(completeAction({})).outcome
    const next = repository.commit({ 'rules/a.yaml': rule('a', 'block') })
    await store.reload()
    expect([outcome(), store.current().commit]).toEqual(['block', next])
    repository.git('checkout', '--quiet', '--orphan', 'fresh')
    repository.commit({ 'rules/a.yaml': rule('a', 'hold') })
    repository.git('branch', '--force', 'main', 'fresh')
    await Promise.all([store.reload(), store.reload()])
    expect(outcome()).toBe('hold')
  })

  test('that do not load, or cannot be fetched, leave the last good ones in force and say why', async () => {
    repository.commit({ 'rules/a.yaml': rule('a', 'flag') })
    const source = await open()
    const refused: string[] = []
    const onRefused = ({ diagnostics }: { diagnostics: readonly { message: string }[] }) => {
      refused.push(...diagnostics.map(({ message }) => message))
    }
    let mended = 0
    store = await openRuleStore({ paths: [], source, rescan: 0, onRefused, onMended: () => mended++ })
    const { version } = store.current().judge
    repository.commit({ 'rules/a.yaml': rule('a', 'flog') })
    await store.reload()
    expect(refused.at(-1)).toContain('flog')
    renameSync(origin, `${origin}-gone`)
    await store.reload()
    expect(refused.at(-1)).toContain('cannot be fetched')
    renameSync(`${origin}-gone`, origin)
    expect(store.current().judge.version).toBe(version)
    repository.commit({ 'rules/a.yaml': rule('a', 'flag') })
    await store.reload()
    expect([store.current().judge.version, mended]).toEqual([version, 1])
  })

  test('start without the network from what was fetched before; with nothing fetched they do not', async () => {
    repository.commit({ 'rules/a.yaml': rule('a', 'flag') })
    await open()
    renameSync(origin, `${origin}-gone`)
    expect(await (await open()).read()).toMatchObject({ files: [{ file: 'rules/a.yaml' }] })
    await expect(open({ mirror: join(folder, 'empty') })).rejects.toMatchObject({ code: 'rules_invalid' })
    renameSync(`${origin}-gone`, origin)
    await expect(open({ branch: 'nowhere', mirror: join(folder, 'third') })).rejects.toThrow('nowhere')
  })

  test('nothing of the repository acts: a link is refused, no hook or command runs', async () => {
    repository.commit({ 'rules/a.yaml': rule('a', 'flag') })
    symlinkSync('/etc/passwd', join(origin, 'rules', 'link.yaml'))
    repository.commit({})
    const source = await open()
    expect(await refusal(source)).toEqual(['rules/link.yaml: is no ordinary file in the repository'])
    unlinkSync(join(origin, 'rules', 'link.yaml'))
    const marker = join(folder, 'marker')
    for (const url of [`ext::sh -c touch% ${marker}`, `--upload-pack=touch ${marker}`]) {
      await expect(open({ url, mirror: join(folder, 'evil') })).rejects.toMatchObject({ code: 'rules_invalid' })
    }
    expect(existsSync(marker)).toBe(false)
  })

  test('a file that is too large or no UTF-8 is refused', async () => {
    repository.commit({ 'rules/a.yaml': `#${'x'.repeat(1024 * 1024)}` })
    const source = await open()
    expect(await refusal(source)).toEqual([expect.stringContaining('larger than')])
    writeFileSync(join(origin, 'rules', 'a.yaml'), Buffer.from([0x23, 0xff]))
    repository.commit({})
    await source.refresh()
    expect(await refusal(source)).toEqual([expect.stringContaining('cannot be read')])
  })

  test('a password in the address is not told', async () => {
    repository.commit({ 'rules/a.yaml': rule('a', 'flag') })
    const failing = open({ url: 'http://ann:secret@127.0.0.1:1/x.git', mirror: join(folder, 'fresh') })
    await expect(failing).rejects.toThrow(/cannot be fetched/)
    await expect(failing).rejects.not.toThrow(/secret/)
  })
})
