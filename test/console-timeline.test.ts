import type pg from 'pg'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConsoleUnderTest, noBrowser, startConsole } from './support/console.ts'
import { looksRight } from './support/look.ts'

describe.skipIf(noBrowser !== '')(`the timeline${noBrowser}`, () => {
  let under: ConsoleUnderTest
  let page: Page
  let client: pg.Client

  beforeAll(async () => {
    under = await startConsole()
    await under.seed('CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 300)')
    page = await under.browser.newPage({ viewport: { width: 1280, height: 900 } })
    page.setDefaultTimeout(10_000)
    page.on('dialog', () => expect.unreachable('text from outside ran as a script'))
    await page.goto(under.link)
    await page.getByRole('link', { name: 'Timeline' }).click()
  }, 120_000)
  afterAll(() => under?.close())

  const rows = () => page.getByRole('list', { name: 'Actions' }).locator('> li')

  test('says on a first start where to go', async () => {
    await page.getByText('Nothing has come through a door yet.').waitFor()
    await looksRight(page, 'timeline-empty')
  })

  test('shows every action as it comes, with its verdict and how it ended', async () => {
    client = await under.connect()
    await client.query("SELECT '<img src=x onerror=alert(1)>' AS needle")
    for (let i = 0; i < 40; i++) await client.query(`UPDATE orders SET id = id WHERE id = ${i}`)
    await client.query('DROP TABLE orders').catch(() => undefined)
    const deleting = client.query('DELETE FROM orders')
    await under.decideNext('approve', 'agreed <i>today</i>')
    await deleting
    const newest = rows().first().locator('summary')
    await newest.getByText('DELETE').waitFor()
    await newest.getByText('held').waitFor()
    await newest.getByText('300').waitFor()
    await page.getByRole('img', { name: /Actions over time: \d+ allowed/ }).waitFor()
    await page.getByRole('list', { name: 'Kinds' }).getByText('held').waitFor()
  })

  test('tells the whole story of one, with each entry that it has on the record', async () => {
    await rows().first().locator('summary').click()
    const story = page.getByRole('list', { name: 'Story' })
    await story.getByText('Asked for, and judged: hold').waitFor()
    await story.getByText('approved').waitFor()
    await story.getByText('agreed <i>today</i>').waitFor()
    await story.getByText('Let through').waitFor()
    await story.getByText('Ended: completed').waitFor()
    await looksRight(page, 'timeline')
    await rows().first().locator('summary').click()
  })

  test('finds what one looks for, and keeps the search in the address', async () => {
    await page.getByLabel('Search actions').fill('onerror')
    await expect.poll(() => rows().count()).toBe(1)
    expect(new URL(page.url()).searchParams.get('text')).toBe('onerror')
    await page.reload()
    await expect.poll(() => rows().count()).toBe(1)
    await page.getByRole('button', { name: 'Clear all' }).click()
    await expect.poll(() => rows().count()).toBeGreaterThan(30)
    await page.getByLabel('Verdict').selectOption('blocked')
    await expect.poll(() => rows().count()).toBe(1)
    await rows().first().getByText('DROP TABLE').first().waitFor()
    await page.getByLabel('Effect').selectOption('read')
    await page.getByText('No action matches.').waitFor()
    await looksRight(page, 'timeline-nothing')
  })

  test('filters by what is clicked and by a stretch of time that is marked in the chart', async () => {
    await page.getByRole('button', { name: 'Clear all' }).click()
    await page.getByRole('list', { name: 'Kinds' }).getByRole('button', { name: /held/ }).click()
    await expect.poll(() => rows().count()).toBe(1)
    await page.getByRole('button', { name: 'Clear all' }).click()
    const over = page.locator('.u-over')
    await over.scrollIntoViewIfNeeded()
    const box = await over.boundingBox()
    if (box === null) throw new Error('the chart has no place')
    const y = box.y + box.height / 2
    // The beginning of the hour: nothing happened then.
    await page.mouse.move(box.x + 2, y)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width / 2, y, { steps: 5 })
    await page.mouse.up()
    await page.getByRole('button', { name: /clear the time/ }).waitFor()
    await page.getByText('No action matches.').waitFor()
    await page.getByRole('button', { name: /clear the time/ }).click()
    await expect.poll(() => rows().count()).toBeGreaterThan(30)
  })

  test('is walked through with the keyboard', async () => {
    await page.getByRole('heading', { name: 'Timeline' }).click()
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.getByRole('list', { name: 'Story' }).getByText('Ended: refused').waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('needle')
    await expect.poll(() => rows().count()).toBe(1)
  })
})
