import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConsoleUnderTest, noBrowser, startConsole } from './support/console.ts'
import { type GitRepository, makeGitRepository, noGit } from './support/git-repository.ts'
import { looksRight } from './support/look.ts'

const rules = (then: string) => `version: 1
rules:
  - id: writes
    about: Writing to the shop
    when: '"write" in effects'
    then: ${then}
`
const set = (then: string, file = 'r.yaml') => [{ file, text: rules(then) }]

async function openRules(under: ConsoleUnderTest): Promise<Page> {
  const page = await under.browser.newPage({ viewport: { width: 1280, height: 900 } })
  page.setDefaultTimeout(10_000)
  await page.goto(under.link)
  await page.getByRole('link', { name: 'Rules' }).click()
  return page
}

describe.skipIf(noBrowser !== '')(`versions of the rules in the console${noBrowser}`, () => {
  let under: ConsoleUnderTest
  let page: Page
  let first: string
  let second: string

  beforeAll(async () => {
    under = await startConsole({ rules: rules('flag') })
    await under.seed('CREATE TABLE orders (id int PRIMARY KEY)')
    first = Object(await under.api('/api/rules')).version
    const { files } = Object(await under.api('/api/rules'))
    const loaded = { files: set('block', files[0].file), reason: 'hotfix OPS-4711' }
    second = Object(await under.api('/api/rules/versions', loaded)).version
    page = await openRules(under)
    await page.getByText('Versions', { exact: true }).click()
  }, 120_000)
  afterAll(() => under?.close())

  const rowOf = (version: string) => page.getByRole('row', { name: version })

  test('say which is in force, since when, by whom and why, and what the files hold', async () => {
    await rowOf(second).getByText('in force').waitFor()
    await rowOf(second)
      .getByText(/admin: hotfix OPS-4711/)
      .waitFor()
    await rowOf(first).getByText('the files').waitFor()
    await page.getByText('The rule files hold another version than the one in force').waitFor()
    await looksRight(page, 'rules-versions')
  })

  test('are gone back to after a look at what changes, and not without a reason', async () => {
    await rowOf(first).getByRole('button', { name: 'Roll back to' }).click()
    const dialog = page.getByRole('dialog', { name: `Roll back to ${first}` })
    await dialog.locator('del', { hasText: 'then: block' }).waitFor()
    await dialog.locator('ins', { hasText: 'then: flag' }).waitFor()
    await looksRight(page, 'rules-rollback')
    await dialog.getByRole('button', { name: 'Roll back now' }).click()
    await dialog.getByText('Say why').waitFor()
    expect(Object(await under.api('/api/rules')).version).toBe(second)
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('too many blocks')
    await dialog.getByRole('button', { name: 'Roll back now' }).click()
    await page.getByText(`Version ${first} was put in force`).waitFor()
    await page.getByText(`Rule set ${first} is in force`).waitFor()
    await dialog.waitFor({ state: 'hidden' })
    await rowOf(first)
      .getByText(/admin: too many blocks/)
      .waitFor()
    await expect.poll(() => page.evaluate('document.activeElement.getAttribute("role")')).toBe('status')
    expect(Object(await under.api('/api/rules')).version).toBe(first)
  })

  test('a change of mind changes nothing', async () => {
    await rowOf(second).getByRole('button', { name: 'Roll back to' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Keep what is in force' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await expect.poll(() => page.evaluate('document.activeElement.textContent')).toBe('Roll back')
    expect(Object(await under.api('/api/rules')).version).toBe(first)
  })

  test('are only looked at by who is no admin', async () => {
    await under.api('/api/people', { id: 'vera', name: 'Vera', kind: 'human', roles: ['viewer'] })
    const { token } = Object(await under.api('/api/people/vera/tokens', { label: 'test', expiresAt: null }))
    // A session belongs to a tab.
    const hers = await under.browser.newPage()
    hers.setDefaultTimeout(10_000)
    await hers.goto(`${under.url}/#token=${token}`)
    await hers.getByRole('link', { name: 'Rules' }).click()
    await hers.getByText('Versions', { exact: true }).click()
    await hers.getByRole('row', { name: second }).waitFor()
    expect(await hers.getByRole('button', { name: 'Roll back to' }).count()).toBe(0)
    await looksRight(hers, 'rules-versions-viewer')
    await hers.close()
  })

  test('a candidate that is tried shows how it differs, with examples', async () => {
    expect(await page.getByText(/^Canary/).count()).toBe(0)
    const until = new Date(Date.now() + 3_600_000).toISOString()
    await under.api('/api/rules/canary', { files: set('hold'), until })
    await page.getByText('Canary (0)').click()
    await page.getByText('No difference so far').waitFor()
    const client = await under.connect()
    await client.query('INSERT INTO orders VALUES (1)')
    const row = page.getByRole('row', { name: /flag writes hold writes/ })
    await row.getByText('INSERT INTO orders VALUES (1)').waitFor()
    await page.getByText(/would have come out differently/).waitFor()
    await page.getByText('running').waitFor()
    await looksRight(page, 'rules-canary')
  })
})

describe.skipIf(noBrowser + noGit !== '')(`changes of the rules that wait, in the console${noBrowser}${noGit}`, () => {
  let under: ConsoleUnderTest
  let page: Page
  let origin: string
  let repository: GitRepository
  let before: string

  beforeAll(async () => {
    origin = await mkdtemp(join(tmpdir(), 'sallyport-origin-'))
    const url = join(origin, 'rules')
    repository = makeGitRepository(url)
    repository.commit({ 'r.yaml': rules('flag') })
    under = await startConsole({
      config: `rulesGit: { url: ${url}, every: 5s }\nrulesReview: { approvals: 1 }\n`,
    })
    before = Object(await under.api('/api/rules')).version
    page = await openRules(under)
    await page.getByText(`Rule set ${before} is in force`).waitFor()
  }, 120_000)
  afterAll(async () => {
    await under?.close()
    await rm(origin, { recursive: true, force: true })
  })

  const waiting = () => page.getByRole('region', { name: /A change of the rules waits/ })
  /** Has the server look at once. */
  const push = (then: string) => {
    const commit = repository.commit({ 'r.yaml': rules(then) })
    if (under.server.pid !== undefined) process.kill(under.server.pid, 'SIGHUP')
    return commit
  }

  test('show what changes, and are rejected', async () => {
    const commit = push('allow')
    await waiting()
      .getByText(`The rule files were changed in commit ${commit.slice(0, 12)}`)
      .waitFor()
    await waiting().getByText('What changes', { exact: true }).click()
    await waiting().locator('ins', { hasText: 'then: allow' }).waitFor()
    await looksRight(page, 'rules-proposal')
    await waiting().getByRole('textbox', { name: 'Reason' }).fill('not without a flag')
    await waiting().getByRole('button', { name: 'Reject' }).click()
    await page.getByText(/was rejected; the rules in force stay/).waitFor()
    await waiting().waitFor({ state: 'detached' })
    expect(Object(await under.api('/api/rules')).version).toBe(before)
  })

  test('are accepted, and come into force with the commit they came from', async () => {
    const commit = push('block')
    await waiting().getByRole('button', { name: 'Accept' }).click()
    await page.getByText(/was accepted and put in force/).waitFor()
    await waiting().waitFor({ state: 'detached' })
    await page.getByText('Versions', { exact: true }).click()
    const row = page.getByRole('row', { name: /in force/ }).filter({ hasText: 'admin' })
    await row.getByText(commit.slice(0, 12)).waitFor()
    await looksRight(page, 'rules-commits')
  })

  test('are not for who asked for them to decide', async () => {
    await page.getByRole('row', { name: before }).getByRole('button', { name: 'Roll back to' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(/one other person must accept it first/).waitFor()
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('too many blocks')
    await dialog.getByRole('button', { name: 'Propose it' }).click()
    await page.getByText(`Version ${before} is proposed`).waitFor()
    await waiting().getByText('too many blocks').waitFor()
    await waiting().getByText('Nobody accepts their own change').waitFor()
    expect(await waiting().getByRole('button', { name: 'Accept' }).count()).toBe(0)
    await looksRight(page, 'rules-proposal-own')
  })
})
