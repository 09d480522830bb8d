import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MemoryLedger } from '../../test/support/memory-ledger.ts'
import { completeAction } from '../action/index.ts'
import { ruleSetVersion } from '../rules/index.ts'
import { Rulebook, type RulebookOptions, type RulesReview } from './index.ts'

let folder: string
let ledger: MemoryLedger
let rulebook: Rulebook | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-rulebook-'))
  ledger = new MemoryLedger()
  await files('flag')
})
afterEach(async () => {
  await rulebook?.close()
  rulebook = undefined
  await rm(folder, { recursive: true, force: true })
})

const text = (then: string) => `version: 1\nrules:\n  - { id: r, about: About r, when: 'true', then: ${then} }\n`
const path = () => join(folder, 'r.yaml')
const files = (then: string) => writeFile(path(), text(then))
const set = (then: string) => [{ file: path(), text: text(then) }]
const version = (then: string) => ruleSetVersion(set(then))

const people = new Map([
  ['ann', { id: 'ann', kind: 'human', groups: ['dba'], isReviewer: true }],
  ['rick', { id: 'rick', kind: 'human', groups: ['dba'], isReviewer: true }],
  ['rosa', { id: 'rosa', kind: 'human', groups: ['dba'], isReviewer: true }],
  ['web', { id: 'web', kind: 'human', groups: ['web'], isReviewer: true }],
  ['vera', { id: 'vera', kind: 'human', groups: ['dba'], isReviewer: false }],
  ['bot', { id: 'bot', kind: 'agent', groups: ['dba'], isReviewer: true }],
] as const)

/** Opens the rulebook as a start would, on what is on the ledger. The files are read on demand only. */
async function open(change: Partial<RulebookOptions> = {}): Promise<Rulebook> {
  await rulebook?.close()
  rulebook = await Rulebook.open({
    ledger,
    paths: [folder],
    debounce: 60_000,
    rescan: 0,
    reviewer: (id) => [...people.values()].find((one) => one.id === id),
    isPerson: (person, named) => person === named.id,
    ...change,
  })
  return rulebook
}

const review: RulesReview = { approvals: 1, groups: ['dba'] }
const openReviewed = (change: Partial<RulesReview> = {}) => open({ review: { ...review, ...change } })

const inForce = (book: Rulebook) => book.store.current().judge.judge(completeAction({})).outcome
const only = (book: Rulebook) => {
  const [one, ...others] = book.proposals().filter(({ state }) => state === 'open')
  if (one === undefined || others.length > 0) throw new Error(`${others.length + 1} open proposals`)
  return one
}

describe('the record of versions', () => {
  test('has every version in full, once, before it is in force', async () => {
    const book = await open()
    await files('block')
    await book.store.reload()
    await files('flag')
    await book.store.reload()
    expect(book.versions().map((one) => one.version)).toEqual([version('block'), version('flag')])
    expect((await book.read(version('block'))).texts[0]?.text).toBe(text('block'))
    const kinds = ledger.kinds().filter((kind) => kind.startsWith('rules.'))
    expect(kinds).toEqual(['rules.stored', 'rules.loaded', 'rules.stored', 'rules.loaded', 'rules.loaded'])
  })

  test('is the same after a restart, and from another folder', async () => {
    await open()
    const book = await open()
    expect(book.versions()).toHaveLength(1)
    expect(ledger.kinds().filter((kind) => kind === 'rules.stored')).toHaveLength(1)
  })

  test('rules that are not on the record do not come into force', async () => {
    const book = await open()
    await files('block')
    ledger.fail()
    expect(await book.store.reload()).toMatchObject({ ok: false })
    expect(inForce(book)).toBe('flag')
  })

  test('names the commit where the files come from git, and keeps it over a restart', async () => {
    let then = 'flag'
    const source = {
      refresh: async () => undefined,
      read: async () => ({ files: [{ file: 'r.yaml', text: text(then) }], commit: `commit-of-${then}` }),
    }
    const book = await open({ source })
    then = 'block'
    await book.store.reload()
    expect(book.versions().map(({ commit }) => commit)).toEqual(['commit-of-block', 'commit-of-flag'])
    await book.rollback(version('flag'), 'ann', 'x')
    const again = await open({ source })
    expect(inForce(again)).toBe('flag')
    expect(again.versions().map(({ commit }) => commit)).toEqual(['commit-of-block', 'commit-of-flag'])
  })

  test('files that do not load change nothing, and the reason goes when they are put back', async () => {
    const book = await open()
    await files('blok')
    await book.store.reload()
    expect(book.status().problems).toContain('did you mean block')
    expect(inForce(book)).toBe('flag')
    let told = 0
    book.subscribe(() => told++)
    await files('flag')
    await book.store.reload()
    expect([book.status().problems, told]).toEqual([null, 1])
  })

  test('other rules under the name of a version on the record are refused', async () => {
    const forged = [{ file: 'x.yaml', digest: 'e'.repeat(64), text: 'other' }]
    ledger.append('rules.stored', {
      version: version('block'),
      digest: `${version('block')}${'0'.repeat(52)}`,
      files: forged,
    })
    await ledger.flush()
    const book = await open()
    await files('block')
    expect(await book.store.reload()).toMatchObject({
      ok: false,
      diagnostics: [{ message: expect.stringContaining('the name of other rules') }],
    })
    expect(inForce(book)).toBe('flag')
  })

  test('says so where a version is not there', async () => {
    const book = await open()
    await expect(book.read('0'.repeat(12))).rejects.toMatchObject({ code: 'not_found' })
    await expect(book.rollback('0'.repeat(12), 'ann', 'x')).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('rolling back', () => {
  const rolledBack = async () => {
    const book = await open()
    await files('block')
    await book.store.reload()
    expect(await book.rollback(version('flag'), 'ann', 'too many blocks')).toEqual({
      state: 'in-force',
      version: version('flag'),
    })
    return book
  }

  test('puts the version in force, on the record with who and why', async () => {
    const book = await rolledBack()
    expect(inForce(book)).toBe('flag')
    expect(ledger.durableEntries.find(({ kind }) => kind === 'rules.switched')?.body).toEqual({
      version: version('flag'),
      from: version('block'),
      files: version('block'),
      by: 'ann',
      reason: 'too many blocks',
    })
    expect(book.status().files).toBe(version('block'))
    const said = { by: 'ann', reason: 'too many blocks' }
    expect(book.versions().map(({ switched }) => switched)).toEqual([null, said])
    expect((await open()).versions().map(({ switched }) => switched)).toEqual([null, said])
  })

  test('is told of with who and why: nobody asks too early', async () => {
    const book = await open()
    await files('block')
    await book.store.reload()
    const told: unknown[] = []
    book.subscribe(() => told.push(book.versions()[1]?.switched))
    await book.rollback(version('flag'), 'ann', 'too many blocks')
    expect(told.at(0)).toEqual({ by: 'ann', reason: 'too many blocks' })
  })

  test('stays while the files stay, also over a restart', async () => {
    const book = await rolledBack()
    await book.store.reload()
    expect(inForce(book)).toBe('flag')
    expect(inForce(await open())).toBe('flag')
    expect(inForce(await open())).toBe('flag')
  })

  test('ends when the files change, also while nothing ran', async () => {
    const book = await rolledBack()
    await files('hold')
    await book.store.reload()
    expect(inForce(book)).toBe('hold')
    expect(inForce(await open())).toBe('hold')
  })

  test('ends at a start that finds other files', async () => {
    await (await rolledBack()).close()
    await files('hold')
    expect(inForce(await open())).toBe('hold')
    await files('block')
    expect(inForce(await open())).toBe('block')
  })

  test('to what is in force is a conflict', async () => {
    const book = await open()
    await expect(book.rollback(version('flag'), 'ann', 'x')).rejects.toMatchObject({ code: 'conflict' })
  })
})

describe('loading rules that are not in the files', () => {
  test('puts them in force as a whole, until the files change', async () => {
    const book = await open()
    await book.load(set('block'), 'ann', 'try')
    expect(inForce(book)).toBe('block')
    expect(inForce(await open())).toBe('block')
  })

  test('changes nothing where they do not load, and says why', async () => {
    const book = await open()
    await expect(book.load(set('blok'), 'ann', 'try')).rejects.toMatchObject({
      code: 'rules_invalid',
      message: expect.stringContaining('did you mean block'),
    })
    await expect(book.load([], 'ann', 'try')).rejects.toMatchObject({ code: 'rules_invalid' })
    await expect(book.load([{ file: 'a', text: '# \ud800' }], 'ann', 'x')).rejects.toMatchObject({
      code: 'invalid_request',
    })
    expect(inForce(book)).toBe('flag')
  })
})

describe('where a second person has to accept a change', () => {
  test('the first rules ever come into force by themselves, changed files do not', async () => {
    const book = await openReviewed()
    expect(inForce(book)).toBe('flag')
    await files('allow')
    await book.store.reload()
    expect(inForce(book)).toBe('flag')
    expect(only(book)).toMatchObject({ version: version('allow'), origin: 'files', by: null })
    expect((await book.read(version('allow'))).texts[0]?.text).toBe(text('allow'))
    await book.vote(only(book).proposal, 'rick', 'accept', 'fine')
    expect(inForce(book)).toBe('allow')
  })

  test('a restart does not accept them, nor forget them', async () => {
    const book = await openReviewed()
    await files('allow')
    await book.store.reload()
    const { proposal } = only(book)
    const again = await openReviewed()
    expect(inForce(again)).toBe('flag')
    expect(only(again).proposal).toBe(proposal)
    await again.vote(proposal, 'rick', 'accept', '')
    expect(inForce(again)).toBe('allow')
    expect(inForce(await openReviewed())).toBe('allow')
  })

  test('neither do files that were changed while nothing ran', async () => {
    await (await openReviewed()).close()
    await files('allow')
    const book = await openReviewed()
    expect(inForce(book)).toBe('flag')
    expect(only(book)).toMatchObject({ version: version('allow'), origin: 'files' })
  })

  test('a rollback and a load wait as well, and nobody accepts their own', async () => {
    const book = await openReviewed()
    const change = await book.load(set('allow'), 'ann', 'quick')
    expect(change).toMatchObject({ state: 'proposed' })
    const { proposal } = only(book)
    await expect(book.vote(proposal, 'ann', 'accept', '')).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('own change'),
    })
    expect(inForce(book)).toBe('flag')
    await book.vote(proposal, 'rick', 'accept', '')
    expect(inForce(book)).toBe('allow')
    await book.rollback(version('flag'), 'rick', 'back')
    expect(inForce(book)).toBe('allow')
    await book.vote(only(book).proposal, 'ann', 'accept', '')
    expect(inForce(book)).toBe('flag')
    expect(inForce(await openReviewed())).toBe('flag')
  })

  test.each([
    ['web', 'asks for somebody from dba'],
    ['vera', 'does not include reviewing'],
    ['bot', 'Only people'],
    ['stranger', 'Only people'],
  ])('%s cannot accept', async (who, why) => {
    const book = await openReviewed()
    await book.load(set('allow'), 'ann', 'x')
    await expect(book.vote(only(book).proposal, who, 'accept', '')).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining(why),
    })
    expect(inForce(book)).toBe('flag')
  })

  test('one person counts once', async () => {
    const book = await openReviewed({ approvals: 2 })
    await book.load(set('allow'), 'ann', 'x')
    const { proposal } = only(book)
    await book.vote(proposal, 'rick', 'accept', '')
    await expect(book.vote(proposal, 'rick', 'accept', '')).rejects.toMatchObject({ code: 'forbidden' })
    expect(inForce(book)).toBe('flag')
    await book.vote(proposal, 'rosa', 'accept', '')
    expect(inForce(book)).toBe('allow')
    await expect(book.vote(proposal, 'web', 'accept', '')).rejects.toMatchObject({ code: 'conflict' })
  })

  test('one no ends it, and a start does not ask again', async () => {
    const book = await openReviewed()
    await files('allow')
    await book.store.reload()
    await book.vote(only(book).proposal, 'rick', 'reject', 'no')
    expect(inForce(book)).toBe('flag')
    const again = await openReviewed()
    expect(inForce(again)).toBe('flag')
    expect(again.proposals().map(({ state }) => state)).toEqual(['rejected'])
  })

  test('files that change again take the place of those proposed; put back, nothing waits', async () => {
    const book = await openReviewed()
    await files('allow')
    await book.store.reload()
    const { proposal } = only(book)
    await files('block')
    await book.store.reload()
    expect(only(book).version).toBe(version('block'))
    await expect(book.vote(proposal, 'rick', 'accept', '')).rejects.toMatchObject({ code: 'conflict' })
    let told = 0
    book.subscribe(() => told++)
    await files('flag')
    await book.store.reload()
    expect(book.proposals().filter(({ state }) => state === 'open')).toEqual([])
    expect([inForce(book), told]).toEqual(['flag', 1])
  })

  test('files from git keep their commit while they wait and once they are accepted', async () => {
    let then = 'flag'
    const source = {
      refresh: async () => undefined,
      read: async () => ({ files: [{ file: 'r.yaml', text: text(then) }], commit: `commit-of-${then}` }),
    }
    const book = await open({ review, source })
    then = 'block'
    await book.store.reload()
    const { proposal, commit } = only(book)
    expect(commit).toBe('commit-of-block')
    await book.vote(proposal, 'rick', 'accept', '')
    expect([inForce(book), book.versions()[0]?.commit]).toEqual(['block', 'commit-of-block'])
  })

  test('a stop between the last vote and the switch loses neither', async () => {
    const book = await openReviewed()
    await book.load(set('allow'), 'ann', 'x')
    const { proposal } = only(book)
    ledger.append('rules.voted', { proposal, by: 'rick', decision: 'accept', reason: '' })
    await ledger.flush()
    const again = await openReviewed()
    expect(inForce(again)).toBe('allow')
    expect(again.proposals()[0]?.state).toBe('accepted')
  })

  test('a vote of somebody who may not any more does not count', async () => {
    const book = await openReviewed({ approvals: 2 })
    await book.load(set('allow'), 'ann', 'x')
    const { proposal } = only(book)
    await book.vote(proposal, 'rick', 'accept', '')
    const left = await open({
      review: { ...review, approvals: 2 },
      reviewer: (id) => (id === 'rick' ? undefined : [...people.values()].find((one) => one.id === id)),
    })
    await left.vote(proposal, 'rosa', 'accept', '')
    expect(inForce(left)).toBe('flag')
  })
})
