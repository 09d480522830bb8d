import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConsoleUnderTest, noBrowser, startConsole } from './support/console.ts'

/** On a busy machine. */
const soon = { timeout: 10_000 }

/** Stands in the place of the system's notifications, which a browser without a screen has nowhere to show. */
const recording = `
  window.shown = []
  window.Notification = class {
    static permission = 'default'
    static async requestPermission() { return (this.permission = 'granted') }
    constructor(title, options) { window.shown.push({ title, ...options, click: () => this.onclick() }) }
    close() {}
  }
  document.hasFocus = () => window.focused === true
`

describe.skipIf(noBrowser !== '')(`desktop notifications of the console${noBrowser}`, () => {
  let under: ConsoleUnderTest

  beforeAll(async () => {
    under = await startConsole({
      rules: `version: 1
rules:
  - { id: deletes, about: Deleting, when: '"delete" in effects', then: hold }
`,
    })
    await under.seed('CREATE TABLE orders (id int PRIMARY KEY)')
  }, 120_000)
  afterAll(() => under?.close())

  test('tell of a hold once they are switched on, while nobody looks, and lead to it', async () => {
    const page = await under.browser.newPage()
    page.setDefaultTimeout(10_000)
    await page.addInitScript(recording)
    await page.goto(under.link)
    await page.getByText('live', { exact: true }).waitFor()
    const shown = () => page.evaluate('window.shown.map(({ title, body }) => title + " / " + body)')
    const waiting = page.getByRole('list', { name: 'Waiting for review' }).getByRole('listitem')
    const hold = async (id: number) => {
      const client = await under.connect()
      return { result: client.query(`DELETE FROM orders WHERE id = ${id}`).catch((error: unknown) => error) }
    }

    const first = await hold(1)
    await expect.poll(() => waiting.count(), soon).toBe(1)
    expect(await shown()).toEqual([])

    await page.getByRole('button', { name: 'Signed in as' }).click()
    await page.getByRole('menuitem', { name: 'Turn on desktop notifications' }).click()
    await page.getByRole('menuitem', { name: 'Desktop notifications are on' }).waitFor()
    await page.keyboard.press('Escape')
    const second = await hold(2)
    await expect
      .poll(shown)
      .toEqual([expect.stringMatching(/^Held at shop-db: DELETE .*orders.* \/ .* Asked by postgres$/)])

    await page.evaluate('window.shown[0].click()')
    await page.getByRole('heading', { name: 'Decide' }).waitFor()
    expect(page.url()).toContain('/holds/')

    await page.evaluate('window.focused = true')
    const third = await hold(3)
    await page.getByRole('link', { name: 'Inbox' }).first().click()
    await expect.poll(() => waiting.count(), soon).toBe(3)
    expect(await shown()).toHaveLength(1)
    for (const _ of [1, 2, 3]) await under.decideNext('reject', 'no')
    for (const { result } of [first, second, third]) expect(await result).toMatchObject({ code: 'SP003' })
  })
})
