import type pg from 'pg'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConsoleUnderTest, noBrowser, startConsole } from './support/console.ts'
import { looksRight } from './support/look.ts'

describe.skipIf(noBrowser !== '')(`the inbox${noBrowser}`, () => {
  let under: ConsoleUnderTest
  let page: Page
  const running: Promise<unknown>[] = []

  beforeAll(async () => {
    under = await startConsole()
    await under.seed(`
      CREATE TABLE orders (id int PRIMARY KEY, note text);
      CREATE TABLE carts (id int PRIMARY KEY);
      INSERT INTO orders SELECT i FROM generate_series(1, 4000) i;
      INSERT INTO carts SELECT i FROM generate_series(1, 4000) i;
      ANALYZE`)
    page = await under.browser.newPage({ viewport: { width: 1280, height: 900 } })
    page.setDefaultTimeout(10_000)
    await page.goto(under.link)
  }, 120_000)
  afterAll(() => under?.close())

  const rows = () => page.getByRole('list', { name: 'Waiting for review' }).getByRole('listitem')

  async function run(sql: string): Promise<pg.Client> {
    const client = await under.connect()
    running.push(client.query(sql).catch((error: unknown) => error))
    return client
  }

  test('says on a first start what to do to see something', async () => {
    await page.getByText('Nothing waits for a decision').waitFor()
    await page.getByText(/psql -h 127\.0\.0\.1 -p \d+/).waitFor()
    await looksRight(page, 'inbox-empty')
  })

  test('shows what waits, how long it has and how old it is, and filters it', async () => {
    for (const table of ['orders', 'carts']) await run(`DELETE FROM ${table} WHERE id > 0`)
    await run('DELETE FROM orders')
    await run('UPDATE orders SET id = id + 100000')
    await expect.poll(() => rows().count()).toBe(4)
    await rows()
      .first()
      .getByText(/^29:\d\d$/)
      .waitFor()
    await rows()
      .first()
      .getByText(/asked \d+ s ago/)
      .waitFor()
    await looksRight(page, 'inbox')
    await page.keyboard.press('/')
    await page.keyboard.type('carts')
    await expect.poll(() => rows().count()).toBe(1)
    await page.keyboard.press('Escape')
    await page.getByLabel('Rule', { exact: true }).selectOption('mass-delete')
    await expect.poll(() => rows().count()).toBe(2)
    await page.getByLabel('Rule', { exact: true }).selectOption('')
    await page.getByLabel('Client waiting').check()
    await expect.poll(() => rows().count()).toBe(4)
    await page.getByLabel('Client waiting').uncheck()
  })

  test('rejects what is selected, with one reason for all that every client gets', async () => {
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await page.getByText('1 selected').waitFor()
    await page.getByLabel(/^Select all 4/).check()
    await page.getByText('4 selected').waitFor()
    const reject = page.getByRole('button', { name: 'Reject all 4' })
    await reject.click()
    await page.getByText('Say why, so that whoever asked').waitFor()
    await looksRight(page, 'inbox-bulk')
    await page.getByLabel('Reason for rejecting').fill('no purges today')
    await reject.click()
    for (const result of await Promise.all(running)) {
      expect(result).toMatchObject({ code: 'SP003', message: expect.stringContaining('no purges today') })
    }
    await page.getByText('Nothing waits for a decision').waitFor()
  })

  test('says which of them somebody else was faster with', async () => {
    await run('DELETE FROM orders /* one */')
    await run('DELETE FROM carts /* two */')
    await expect.poll(() => rows().count()).toBe(2)
    // The server's answer to one of the votes is that it came too late.
    let first = true
    await page.route('**/votes', async (route) => {
      if (!first) return route.continue()
      first = false
      await route.fulfill({ status: 409, json: { error: { code: 'conflict', message: 'It is rejected already.' } } })
    })
    await page.getByLabel(/^Select all 2/).check()
    await page.getByLabel('Reason for rejecting').fill('no')
    await page.getByRole('button', { name: 'Reject all 2' }).click()
    await page.getByText('1 of 2 were not rejected').waitFor()
    await page.getByText('It is rejected already.').waitFor()
  })
})
