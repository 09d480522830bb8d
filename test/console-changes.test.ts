import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { changeRules } from './support/change-door.ts'
import { type ConsoleUnderTest, noBrowser, startConsole } from './support/console.ts'
import { looksRight } from './support/look.ts'
import { githubJob, type OidcIssuer, startOidcIssuer } from './support/oidc-issuer.ts'

const add = 'ALTER TABLE orders ADD COLUMN note text'
const purge = "DELETE FROM orders WHERE note = 'never'"

describe.skipIf(noBrowser !== '')(`changes in the console${noBrowser}`, () => {
  let issuer: OidcIssuer
  let under: ConsoleUnderTest
  let page: Page

  beforeAll(async () => {
    issuer = await startOidcIssuer()
    under = await startConsole({
      rules: `version: 1\nrules:\n${changeRules}`,
      config: `changes:\n  issuers:\n    - { name: ci, url: '${issuer.url}', audience: 'urn:sallyport', repositories: [acme/shop], refs: [refs/heads/main] }\n`,
    })
    await under.seed('CREATE TABLE orders (id int PRIMARY KEY)')
    page = await under.browser.newPage({ viewport: { width: 1280, height: 900 } })
    page.setDefaultTimeout(10_000)
    await page.goto(under.link)
    await page.getByRole('link', { name: 'Changes' }).click()
  }, 120_000)
  afterAll(async () => {
    await under?.close()
    await issuer?.stop()
  })

  /** Opens a change as a job does. */
  async function open(title: string): Promise<{ change: string; secret: string }> {
    const response = await fetch(`${under.url}/api/ci/changes`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await issuer.token(githubJob)}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        title,
        door: 'shop-db',
        database: 'postgres',
        sql: [add, purge],
        rows: [{ statement: 2, rows: 7 }],
      }),
    })
    expect(response.status).toBe(201)
    return Object(await response.json())
  }

  const mayNot = async () => {
    await under.api('/api/people', { id: 'vera', name: 'Vera', kind: 'human', roles: ['viewer'] })
    const { token } = Object(await under.api('/api/people/vera/tokens', { label: 'test', expiresAt: null }))
    const hers = await under.browser.newPage()
    hers.setDefaultTimeout(10_000)
    await hers.goto(`${under.url}/#token=${token}`)
    return hers
  }

  test('say what to do while there is none, and show one as soon as a job opens it', async () => {
    await page.getByText('No deployment waits').waitFor()
    await looksRight(page, 'changes-none')
    await open('Orders get notes')
    const row = page.getByRole('listitem').filter({ hasText: 'Orders get notes' })
    await row.getByText('acme/shop@main').waitFor()
    await row.getByText('2 statements').waitFor()
    await row.getByText('Deletes data').waitFor()
    await looksRight(page, 'changes')
  })

  test('show every statement whole and whose run it is, and are only looked at by who may not vote', async () => {
    const hers = await mayNot()
    await hers.getByRole('link', { name: 'Changes' }).click()
    await hers.getByRole('link', { name: 'Orders get notes' }).click()
    await hers.getByText('You may not decide on this').waitFor()
    expect(await hers.getByRole('button', { name: 'Approve' }).count()).toBe(0)
    await hers.close()
    await page.getByRole('link', { name: 'Orders get notes' }).click()
    const statements = page.getByRole('list').filter({ hasText: add })
    await statements.getByText('at most 7 rows').waitFor()
    expect(await statements.locator('pre').allTextContents()).toEqual([add, purge])
    await page.getByText('acme/shop main').waitFor()
    await looksRight(page, 'change')
  })

  test('are not rejected without a reason', async () => {
    await page.getByRole('button', { name: 'Reject' }).click()
    await page.getByText('Say why').waitFor()
    await page.getByRole('textbox', { name: 'Reason' }).fill('no purge in a migration')
    await page.getByRole('button', { name: 'Reject' }).click()
    await page.getByText('rejected by admin').waitFor()
    await page.getByText('no purge in a migration').waitFor()
    expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0)
  })

  test('approved here, run through the door, and say what came of each statement', async () => {
    const { change, secret } = await open('Orders get notes after all')
    await page.getByRole('link', { name: 'Changes' }).first().click()
    await page.getByRole('link', { name: 'Orders get notes after all' }).click()
    await page.getByRole('button', { name: 'Approve' }).dblclick()
    await page.getByText('1 of 1 approval').waitFor()
    const { approvals } = Object(await under.api(`/api/changes/${change}`))
    expect(approvals).toHaveLength(1)
    const run = await under.connect({ options: `-c sallyport.change=${secret}` })
    await run.query(add)
    await page.getByText('1 of 2 statements ran').waitFor()
    await page.getByText('What came of it').first().click()
    await page.getByRole('list', { name: 'Story' }).waitFor()
    await looksRight(page, 'change-running')
    await run.query(purge)
    await page.getByText('Every statement has run').waitFor()
    await page.getByRole('link', { name: 'Changes' }).first().click()
    await page.getByRole('list', { name: 'Over' }).getByText('done').waitFor()
  })

  test('are closed after a second look, and let nothing more through', async () => {
    const { change, secret } = await open('Never mind')
    await under.api(`/api/changes/${change}/votes`, { decision: 'approve' })
    await page.getByRole('link', { name: 'Never mind' }).click()
    await page.getByRole('button', { name: 'Close the change' }).click()
    expect(Object(await under.api(`/api/changes/${change}`)).state).toBe('approved')
    await page.getByRole('button', { name: 'Close it now' }).click()
    await page.getByText('closed by admin').waitFor()
    expect(Object(await under.api(`/api/changes/${change}`)).state).toBe('closed')
    const run = await under.connect({ options: `-c sallyport.change=${secret}` })
    const held = expect(run.query('ALTER TABLE orders ADD COLUMN more text')).rejects.toMatchObject({ code: 'SP003' })
    await under.decideNext('reject', 'the change is closed')
    await held
  })
})
