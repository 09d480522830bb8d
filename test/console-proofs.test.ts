import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type ConsoleUnderTest, noBrowser, startConsole } from './support/console.ts'
import { looksRight } from './support/look.ts'

describe.skipIf(noBrowser !== '')(`proofs checked in the browser${noBrowser}`, () => {
  let under: ConsoleUnderTest
  let page: Page

  beforeAll(async () => {
    under = await startConsole()
    await under.seed('CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 9)')
    const client = await under.connect()
    await client.query('DELETE FROM orders WHERE id = 7')
    page = await under.browser.newPage({ viewport: { width: 1280, height: 900 } })
    page.setDefaultTimeout(10_000)
    await page.goto(under.link)
  }, 120_000)
  afterAll(() => under?.close())

  const said = () => page.getByText(/entries are on the record, as they are shown|could not be proved/)

  /** Opens the story of the statement and checks its proofs. */
  async function check(): Promise<void> {
    await page.goto(`${under.url}/timeline?text=orders&effect=delete`)
    await page.locator('summary').filter({ hasText: 'DELETE' }).first().click()
    await page.getByRole('button', { name: 'Check the proofs in this browser' }).click()
  }
  const proofs = '**/api/ledger/entries/*/proof'

  test('hold for a story as it is shown', async () => {
    // The newest entries are under a checkpoint within a moment.
    await vi.waitFor(
      async () => {
        await check()
        expect(await said().textContent()).toMatch(/^All \d+ entries are on the record/)
      },
      { timeout: 25_000, interval: 200 },
    )
    await page.getByText('That key is the server’s word').waitFor()
    await looksRight(page, 'proofs')
  })

  test('do not hold where the server shows something else than it proves, or proves nothing', async () => {
    await page.route('**/api/actions/*', async (route) => {
      const answer = await route.fetch()
      await route.fulfill({ response: answer, body: (await answer.text()).replaceAll('id = 7', 'id = 8') })
    })
    await check()
    await page
      .getByText(/What is proved of entry \d+ is not what is shown here/)
      .first()
      .waitFor()
    await page.unroute('**/api/actions/*')
    await page.route(proofs, async (route) => {
      const answer = await route.fetch()
      await route.fulfill({ response: answer, body: (await answer.text()).replace(/^index (\d+)/m, 'index 0') })
    })
    await check()
    await page.getByText(/could not be proved/).waitFor()
    await page.unroute(proofs)
  })

  test('are checked with the key that is kept in the browser, and with no other', async () => {
    await page.getByRole('link', { name: 'Ledger' }).click()
    const { key } = Object(await under.api('/api/ledger/key'))
    await page.getByLabel('Your key').fill(`${key.slice(0, -4)}AAA=`)
    await page.getByRole('button', { name: 'Keep it in this browser' }).click()
    await page.getByText('This is not the verifier key of a log').waitFor()
    await looksRight(page, 'ledger-key')
    await page.getByLabel('Your key').fill(key)
    await page.getByRole('button', { name: 'Keep it in this browser' }).click()
    await page.getByText('You keep').waitFor()
    await check()
    await page.getByText('That is the key that you keep in this browser').waitFor()

    // Another server comes in its place, with a key of its own.
    await page.route('**/api/ledger/key', (route) => route.fulfill({ json: { key: 'other+00000000+AQ==' } }))
    await check()
    await page.getByText('That is the key that you keep in this browser').waitFor()
    await page.getByRole('link', { name: 'Ledger' }).click()
    await page.getByText("The server's key is not the one that you keep").waitFor()
    await page.getByRole('button', { name: 'Forget it' }).click()
    await page.getByLabel('Your key').waitFor()
  })
})
