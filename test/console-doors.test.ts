import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConsoleUnderTest, noBrowser, startConsole } from './support/console.ts'
import { looksRight } from './support/look.ts'

describe.skipIf(noBrowser !== '')(`doors and ledger in the console${noBrowser}`, () => {
  let under: ConsoleUnderTest
  let page: Page

  beforeAll(async () => {
    under = await startConsole()
    await under.seed('CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 300)')
    page = await under.browser.newPage({ viewport: { width: 1280, height: 900 } })
    page.setDefaultTimeout(15_000)
    await page.goto(under.link)
  }, 120_000)
  afterAll(() => under?.close())

  test('a door says how it is and who is connected, and a session can be ended', async () => {
    const client = await under.connect()
    const failed = client.query('DELETE FROM orders').then(
      () => 'the statement ran',
      (error: unknown) => error,
    )
    await page.getByRole('link', { name: 'Doors' }).click()
    const door = page.getByRole('region', { name: 'Door shop-db' })
    const session = door.getByRole('row', { name: /postgres/ })
    await session.getByText('waiting for a reviewer').waitFor()
    await looksRight(page, 'doors')
    await session.getByRole('button', { name: 'End' }).click()
    await door.getByRole('button', { name: 'End it now' }).click()
    expect(await failed).toMatchObject({ message: expect.stringContaining('ended by admin') })
    await expect.poll(() => door.getByRole('row').count()).toBe(0)
    const closed = async () => Object(await under.api('/api/holds?state=closed')).holds[0]?.state
    await expect.poll(closed).toBe('withdrawn')
  })

  test('the ledger says how long it is, what stands at its end, and that it is whole', async () => {
    await page.getByRole('link', { name: 'Ledger' }).click()
    const { hash } = Object(await under.api('/api/ledger/head'))
    await page.getByText(hash, { exact: true }).waitFor()
    await page.getByText('session.ended').first().click()
    await page.locator('pre', { hasText: '"by": "admin"' }).filter({ hasText: 'shop-db:postgres' }).waitFor()
    await page.getByRole('button', { name: 'Verify now' }).click()
    await page.getByText('Intact', { exact: true }).waitFor()
    await page.getByText('Newest signed checkpoint').waitFor()
    await looksRight(page, 'ledger')
  })

  test('a changed byte is told, and where', async () => {
    const segments = join(under.folder, 'data', 'ledger', 'segments')
    const [first] = (await readdir(segments)).sort()
    const file = join(segments, first ?? '')
    const bytes = await readFile(file)
    const at = bytes.indexOf('DELETE FROM orders')
    expect(at).toBeGreaterThan(0)
    bytes.write('SELECT', at)
    await writeFile(file, bytes)
    await page.getByRole('button', { name: 'Verify now' }).click()
    await page.getByText('Not intact', { exact: true }).waitFor()
    await page.getByText('altered').first().waitFor()
    await looksRight(page, 'ledger-altered')
  })

  test('a server that cannot be reached shows at its door', async () => {
    await under.postgres.stop()
    await under.connect().catch(() => undefined)
    await page.getByRole('link', { name: 'Doors' }).click()
    await page.getByText('server unreachable').waitFor()
    await page.getByText(/could not be reached/).waitFor()
    await looksRight(page, 'doors-unreachable')
  })
})
