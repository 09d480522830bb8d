import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MemoryLedger } from '../../test/support/memory-ledger.ts'
import { type TestApi, testApi } from '../../test/support/test-api.ts'
import { Rulebook, type RulesReview } from '../rulebook/index.ts'

let folder: string
let rulebook: Rulebook
let api: TestApi

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-versions-'))
  await writeFile(join(folder, 'r.yaml'), text('flag'))
})
afterEach(async () => {
  await rulebook.close()
  await rm(folder, { recursive: true, force: true })
})

const text = (then: string) => `version: 1\nrules:\n  - { id: r, about: About r, when: 'true', then: ${then} }\n`

async function open(review?: RulesReview): Promise<void> {
  const ledger = new MemoryLedger()
  // The people are there only once the API is.
  rulebook = await Rulebook.open({
    ledger,
    paths: [folder],
    rescan: 0,
    reviewer: (id) => api.people.reviewerOf(id),
    isPerson: (person, named) => api.people.isSamePerson(person, named),
    ...(review && { review }),
  })
  api = await testApi({ ledger, rulebook })
}

const call = async (who: string, path: string, body?: unknown) => {
  const response = await api.as(who, path, body === undefined ? {} : { method: 'POST', body })
  return { status: response.status, body: Object(await response.json()) }
}
const loaded = (then: string) => ({ files: [{ file: 'r.yaml', text: text(then) }], reason: 'a test' })

describe('versions over the API', () => {
  test('are listed, shown in full, loaded and rolled back', async () => {
    await open()
    const first = rulebook.store.current().judge.version
    const put = await call('root', '/api/rules/versions', loaded('block'))
    expect(put).toMatchObject({ status: 201, body: { state: 'in-force' } })
    const list = await call('vera', '/api/rules/versions')
    expect(list.body).toMatchObject({
      inForce: put.body.version,
      files: first,
      versions: [
        { version: put.body.version, inForce: true },
        { version: first, inForce: false },
      ],
    })
    const shown = await call('vera', `/api/rules/versions/${first}`)
    expect(shown.body.texts[0].text).toBe(text('flag'))
    const back = await call('root', '/api/rules/rollback', { version: first, reason: 'wrong' })
    expect(back).toMatchObject({ status: 201, body: { state: 'in-force', version: first } })
    expect(rulebook.store.current().judge.version).toBe(first)
    const { versions } = (await call('vera', '/api/rules/versions')).body
    expect(versions).toMatchObject([
      { version: put.body.version, switched: { by: 'root', reason: 'a test' } },
      { version: first, switched: { by: 'root', reason: 'wrong' } },
    ])
  })

  test('ask nobody else unless the configuration says so', async () => {
    await open()
    expect((await call('vera', '/api/rules/proposals')).body).toEqual({ review: null, proposals: [] })
  })

  test('that do not load are refused with every error, and change nothing', async () => {
    await open()
    const put = await call('root', '/api/rules/versions', loaded('blok'))
    expect(put).toMatchObject({ status: 400, body: { error: { code: 'rules_invalid' } } })
    expect(put.body.error.message).toContain('did you mean block')
    expect(rulebook.versions()).toHaveLength(1)
  })

  test.each([
    ['no reason', { ...loaded('block'), reason: ' ' }],
    ['no files', { files: [], reason: 'x' }],
    ['one file twice', { files: [...loaded('block').files, ...loaded('hold').files], reason: 'x' }],
  ])('with %s are refused', async (_, body) => {
    await open()
    expect((await call('root', '/api/rules/versions', body)).status).toBe(400)
  })

  test('unknown ones are not found', async () => {
    await open()
    expect((await call('vera', '/api/rules/versions/000000000000')).status).toBe(404)
    expect((await call('root', '/api/rules/rollback', { version: '000000000000', reason: 'x' })).status).toBe(404)
  })
})

describe('a change that needs a second person', () => {
  test('waits for one, who is not the one that asked and not their agent', async () => {
    await open({ approvals: 1, groups: ['dba'] })
    const put = await call('alice', '/api/rules/versions', loaded('block'))
    expect(put).toMatchObject({ status: 201, body: { state: 'proposed' } })
    const listed = (await call('vera', '/api/rules/proposals')).body
    expect(listed.review).toEqual({ approvals: 1, groups: ['dba'] })
    expect(listed.proposals).toMatchObject([{ by: 'alice', state: 'open', origin: 'load', reason: 'a test' }])
    const allowed = async (who: string) => (await call(who, '/api/rules/proposals')).body.proposals[0].mayVote.allowed
    expect([await allowed('rick'), await allowed('alice'), await allowed('vera')]).toEqual([true, false, false])
    const votes = `/api/rules/proposals/${put.body.proposal}/votes`
    for (const who of ['alice', 'bot', 'vera', 'root']) {
      expect((await call(who, votes, { decision: 'accept' })).status).toBe(403)
    }
    expect(rulebook.store.current().rules[0]?.outcome).toBe('flag')
    expect((await call('rick', votes, { decision: 'accept' })).body).toMatchObject({ state: 'accepted' })
    expect(rulebook.store.current().rules[0]?.outcome).toBe('block')
    expect((await call('rosa', votes, { decision: 'reject' })).status).toBe(409)
  })
})

describe('a candidate over the API', () => {
  const until = () => new Date(Date.now() + 60_000).toISOString()
  const remove = async () => {
    const response = await api.as('root', '/api/rules/canary', { method: 'DELETE' })
    return { status: response.status, body: Object(await response.json()) }
  }

  test('begins, tells how it differs, stops, and can be put in force by its version', async () => {
    await open()
    expect((await call('vera', '/api/rules/canary')).body).toEqual({ canary: null })
    const { files } = loaded('block')
    const begun = await call('root', '/api/rules/canary', { files, until: until() })
    expect(begun).toMatchObject({ status: 201, body: { by: 'root', judgements: 0, endedAt: null } })
    expect((await call('root', '/api/rules/canary', { files, until: until() })).status).toBe(409)
    expect((await call('vera', '/api/rules/canary')).body).toMatchObject({ canary: { version: begun.body.version } })
    expect(await remove()).toMatchObject({ status: 200, body: { endedAt: expect.any(String) } })
    expect((await remove()).status).toBe(404)
    await call('root', '/api/rules/rollback', { version: begun.body.version, reason: 'it did well' })
    expect(rulebook.store.current().rules[0]?.outcome).toBe('block')
  })

  test('that does not load is refused', async () => {
    await open()
    const { files } = loaded('blok')
    expect((await call('root', '/api/rules/canary', { files, until: until() })).status).toBe(400)
    expect((await call('vera', '/api/rules/canary')).body).toEqual({ canary: null })
  })
})
