import type pg from 'pg'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConsoleUnderTest, noBrowser, startConsole } from './support/console.ts'

/** More of them (60, with the machine busy beside it) prove what a few keep an eye on. */
const rounds = Number(process.env.SALLYPORT_LIVE_ROUNDS ?? 8)

describe.skipIf(noBrowser !== '')(`the console in a real browser${noBrowser}`, () => {
  let under: ConsoleUnderTest
  let page: Page
  let client: pg.Client

  beforeAll(async () => {
    under = await startConsole()
    client = await under.connect()
    await client.query('CREATE TABLE orders (id int PRIMARY KEY)')
    await client.query('INSERT INTO orders SELECT generate_series(1, 300)')
    page = await under.browser.newPage({ viewport: { width: 1280, height: 900 } })
    page.setDefaultTimeout(10_000)
    await page.goto(under.link)
  }, 120_000)
  afterAll(() => under?.close())

  const rowOf = (operation: string) => page.locator('a[href^="/holds/"]', { hasText: operation }).first()

  test('a held statement appears, is shown whole, and runs when it is approved', async () => {
    expect(page.url()).not.toContain('token')
    const deleting = client.query('DELETE FROM orders /* spring cleaning */')
    await rowOf('DELETE').click()
    await page.waitForURL(/\/holds\//)
    await page.getByText('DELETE FROM orders /* spring cleaning */').first().waitFor()
    const shot = process.env.SALLYPORT_SCREENSHOT
    if (shot !== undefined) await page.screenshot({ path: shot })
    await page.getByRole('textbox').first().fill('agreed with the owner')
    await page.getByRole('button', { name: /^approve/i }).click()
    expect((await deleting).rowCount).toBe(300)
    await page
      .getByText(/released/i)
      .first()
      .waitFor()
  })

  test('a rejection reaches the client with its reason', async () => {
    await page.goto(under.url)
    const deleting = client.query('UPDATE orders SET id = -id').then(
      () => 'the statement ran',
      (error: unknown) => error,
    )
    // The hold of the test before stands below as decided: this is the new one.
    await rowOf('UPDATE').click()
    await page.waitForURL(/\/holds\//)
    await page.getByText('UPDATE orders SET id = -id').first().waitFor()
    await page.getByRole('textbox').first().fill('use the archive job')
    await page.getByRole('button', { name: /^reject/i }).click()
    expect(await deleting).toMatchObject({ code: 'SP003', message: expect.stringContaining('use the archive job') })
  })

  /**
   * Has a statement held, waits until the open page shows it without being asked, and rejects it. Gives milliseconds
   * from the statement until it stands on the page, and from the vote until the client has its answer.
   */
  async function showsLive(mark: string): Promise<{ shown: number; answered: number }> {
    const began = performance.now()
    const running = client.query(`DELETE FROM orders /* ${mark} */`).catch(() => undefined)
    await page.getByText(mark).first().waitFor()
    const shown = performance.now() - began
    const { holds } = Object(await under.api('/api/holds?state=pending'))
    const voted = performance.now()
    for (const { hold } of holds) void under.api(`/api/holds/${hold}/votes`, { decision: 'reject', reason: 'seen' })
    await running
    return { shown, answered: performance.now() - voted }
  }

  test('a hold that is opened while the first list is on its way shows (it was lost)', async () => {
    await page.goto('about:blank')
    let letGo = () => {}
    const shown = new Promise<void>((resolve) => {
      letGo = resolve
    })
    // The list is made before the hold, and arrives after the hold was told.
    await page.route('**/api/holds?state=pending', async (route) => {
      const response = await route.fetch()
      await shown
      await route.fulfill({ response })
    })
    const listed = page.waitForRequest('**/api/holds?state=pending')
    await page.goto(under.url)
    await listed
    await page.getByText('live', { exact: true }).waitFor()
    const row = showsLive('while-loading')
    await page.getByRole('status').getByText('New held action').waitFor()
    letGo()
    await row
    await page.unroute('**/api/holds?state=pending')
  })

  test('a hold shows live, whenever it comes in the life of a page', { timeout: 20_000 + rounds * 5_000 }, async () => {
    const open: { shown: number; answered: number }[] = []
    for (let round = 0; round < rounds; round++) {
      if (round % 3 > 0) {
        await page.goto('about:blank')
        await page.goto(under.url, { waitUntil: round % 3 === 1 ? 'commit' : 'load' })
      }
      const took = await showsLive(`round-${round}-`)
      // The others waited for a page to load.
      if (round % 3 === 0) open.push(took)
    }
    if (process.env.SALLYPORT_LIVE_ROUNDS !== undefined) {
      const figures = (name: 'shown' | 'answered') => {
        const sorted = open.map((took) => took[name]).sort((x, y) => x - y)
        const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)]?.toFixed(0)
        return `${name}: median ${at(0.5)} ms, p95 ${at(0.95)} ms, most ${at(1)} ms`
      }
      console.log(`${rounds} rounds, ${open.length} against an open page. ${figures('shown')}; ${figures('answered')}`)
    }
  })
})
