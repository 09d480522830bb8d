import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from './support/ports.ts'
import { startTestPostgres, type TestPostgres } from './support/postgres.ts'
import { type RunningCli, sallyportRunning } from './support/sallyport.ts'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
const reason = executablePath === undefined ? ' – not run: no Chromium in /usr/bin' : ''

describe.skipIf(executablePath === undefined)(`the console in a real browser${reason}`, () => {
  let postgres: TestPostgres
  let server: RunningCli
  let folder: string
  let browser: Browser
  let page: Page
  let client: pg.Client

  beforeAll(async () => {
    postgres = await startTestPostgres()
    folder = await mkdtemp(join(tmpdir(), 'sallyport-console-'))
    const [api, door] = [await freePort(), await freePort()]
    const rules = fileURLToPath(new URL('../rules', import.meta.url))
    await writeFile(
      join(folder, 'sallyport.yaml'),
      `listen: 127.0.0.1:${api}\ndata: ${folder}/data\nrules: [${JSON.stringify(rules)}]\ndoors:\n  - name: shop-db\n    protocol: postgres\n    listen: 127.0.0.1:${door}\n    upstream: postgres://${postgres.host}:${postgres.port}\n`,
    )
    server = sallyportRunning(['serve', '-c', join(folder, 'sallyport.yaml')])
    const [, link] = await server.printed(/First sign-in: (\S+)/)
    client = new pg.Client({
      host: '127.0.0.1',
      port: door,
      user: postgres.superuser,
      password: postgres.password,
      database: 'postgres',
    })
    await client.connect()
    await client.query('CREATE TABLE orders (id int PRIMARY KEY)')
    await client.query('INSERT INTO orders SELECT generate_series(1, 300)')
    browser = await chromium.launch({
      ...(executablePath === undefined ? {} : { executablePath }),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    })
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    page.setDefaultTimeout(10_000)
    await page.goto(link ?? '')
  }, 120_000)
  afterAll(async () => {
    await client?.end().catch(() => undefined)
    await browser?.close()
    await server?.stop()
    await postgres?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  /** Opens the hold in the inbox; asks for the page anew where the live update has not shown it within a few seconds. */
  async function openHold(operation: string): Promise<void> {
    const row = page.locator('a[href^="/holds/"]', { hasText: operation }).first()
    await row.waitFor({ timeout: 4_000 }).catch(() => page.reload())
    await row.click()
  }

  test('a held statement appears, is shown whole, and runs when it is approved', async () => {
    expect(page.url()).not.toContain('token')
    const deleting = client.query('DELETE FROM orders /* spring cleaning */')
    await openHold('DELETE')
    await page.waitForURL(/\/holds\//)
    await page.getByText('DELETE FROM orders /* spring cleaning */').first().waitFor()
    const shot = process.env.SALLYPORT_SCREENSHOT
    if (shot !== undefined) await page.screenshot({ path: shot })
    await page.getByRole('textbox').first().fill('agreed with the owner')
    await page.getByRole('button', { name: /^approve/i }).click()
    expect((await deleting).rowCount).toBe(300)
    const released = page.getByText(/released/i).first()
    await released.waitFor({ timeout: 4_000 }).catch(() => page.reload())
    await released.waitFor()
  })

  test('a rejection reaches the client with its reason', async () => {
    await page.goto(new URL('/', page.url()).href)
    await page.getByText('live').first().waitFor()
    const deleting = client.query('UPDATE orders SET id = -id').then(
      () => 'the statement ran',
      (error: unknown) => error,
    )
    // The hold of the test before stands below as decided: this is the new one.
    await openHold('UPDATE')
    await page.waitForURL(/\/holds\//)
    await page.getByText('UPDATE orders SET id = -id').first().waitFor()
    await page.getByRole('textbox').first().fill('use the archive job')
    await page.getByRole('button', { name: /^reject/i }).click()
    expect(await deleting).toMatchObject({ code: 'SP003', message: expect.stringContaining('use the archive job') })
  })
})
