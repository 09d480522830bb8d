import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConsoleUnderTest, noBrowser, startConsole } from './support/console.ts'
import { looksRight } from './support/look.ts'

describe.skipIf(noBrowser !== '')(`the rules page${noBrowser}`, () => {
  let under: ConsoleUnderTest
  let page: Page

  beforeAll(async () => {
    under = await startConsole()
    page = await under.browser.newPage({ viewport: { width: 1280, height: 900 } })
    page.setDefaultTimeout(10_000)
    await page.goto(under.link)
    await page.getByRole('link', { name: 'Rules' }).click()
  }, 120_000)
  afterAll(() => under?.close())

  const editor = () => page.getByRole('textbox', { name: /^Rule file/ })

  test('lists the rules in force, each with its place in a file', async () => {
    await page.getByText('Rule set').first().waitFor()
    await page.getByText('A delete that nothing limits empties the table').waitFor()
    await looksRight(page, 'rules')
    await page
      .getByRole('row', { name: /^mass-delete Deleting/ })
      .getByRole('button')
      .click()
    await editor().getByText('- id: mass-delete', { exact: true }).waitFor()
    await expect.poll(() => editor().getByText('- id: mass-delete', { exact: true }).isVisible()).toBe(true)
    await looksRight(page, 'rules-file')
  })

  test('says of a change what the server would say, while it is made', async () => {
    await editor().getByText('- id: mass-delete', { exact: true }).click()
    await page.keyboard.press('End')
    await page.keyboard.press('Enter')
    await page.keyboard.type('wen: impact.rows > 5')
    await page.getByText(/It would not load: \d+ error/).waitFor()
    await page
      .getByText(/unknown|not a field|did you mean/i)
      .first()
      .waitFor()
    await looksRight(page, 'rules-error')
    await page.getByRole('button', { name: 'Back to what is in force' }).click()
    await page.getByText('In force. Change something').waitFor()
  })

  test('runs the tests in the file, and says which fail', async () => {
    await editor()
      .getByText(/impact\.rows > 1000/)
      .first()
      .click()
    await page.keyboard.press('End')
    await page.keyboard.type(' # and a comment')
    await page.getByText(/It would load: \d+ rules, \d+ tests pass/).waitFor()
    const now = Object(await under.api('/api/rules')).version
    expect(await page.getByText(`Rule set ${now} is in force`).count()).toBe(1)
    await page.getByRole('button', { name: 'Back to what is in force' }).click()
  })

  test('completes what a rule may say', async () => {
    await editor().getByText('- id: mass-delete', { exact: true }).click()
    await page.keyboard.press('End')
    await page.keyboard.press('Enter')
    await page.keyboard.type("when: 'impact.r")
    await page.getByRole('option', { name: 'impact.rows' }).click()
    await editor().getByText("when: 'impact.rows").waitFor()
  })
})
