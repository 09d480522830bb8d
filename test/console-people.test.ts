import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adminPassword, type ConsoleUnderTest, noBrowser, startConsole } from './support/console.ts'
import { looksRight } from './support/look.ts'

describe.skipIf(noBrowser !== '')(`people and signing in at the console${noBrowser}`, () => {
  let under: ConsoleUnderTest
  let page: Page
  let rita: Page
  let link = ''

  beforeAll(async () => {
    under = await startConsole()
    page = await newVisitor()
  }, 120_000)
  afterAll(() => under?.close())

  /** A browser of its own, without cookies. */
  async function newVisitor(): Promise<Page> {
    const context = await under.browser.newContext({ viewport: { width: 1280, height: 900 } })
    const visitor = await context.newPage()
    visitor.setDefaultTimeout(15_000)
    return visitor
  }

  async function signIn(who: string, password: string, at = page): Promise<void> {
    await at.getByLabel('Name', { exact: true }).fill(who)
    await at.getByLabel('Password', { exact: true }).fill(password)
    await at.getByRole('button', { name: 'Sign in' }).click()
  }

  const field = (name: string) =>
    page
      .getByLabel(name, { exact: true })
      .evaluate((input) => [input.getAttribute('autocomplete'), input.getAttribute('name')])

  test('a stranger is asked for name and password, and told the same whatever is wrong', async () => {
    await page.goto(`${under.url}/rules`)
    await page.getByRole('heading', { name: 'Sign in to Sallyport' }).waitFor()
    expect(await field('Name')).toEqual(['username', 'username'])
    expect(await field('Password')).toEqual(['current-password', 'password'])
    await looksRight(page, 'sign-in')
    await signIn('admin', 'not my password')
    await page.getByRole('alert').getByText('The name or the password is wrong.').waitFor()
    await signIn('nobody-known', 'not my password')
    await page.getByRole('alert').getByText('The name or the password is wrong.').waitFor()
    await looksRight(page, 'sign-in-refused')
    await page.getByRole('button', { name: 'Use a token instead' }).click()
    await looksRight(page, 'sign-in-token')
    await page.getByRole('button', { name: 'Use a password instead' }).click()
  })

  test('the right password signs in, on the page that was asked for, and a new tab is signed in too', async () => {
    await signIn('admin', adminPassword)
    await page.getByRole('heading', { name: 'Rules' }).waitFor()
    await page.getByText('live', { exact: true }).waitFor()
    expect(
      await page.evaluate('[document.cookie, JSON.stringify({ ...sessionStorage, ...localStorage })].join()'),
    ).not.toMatch(/sp_/)
    const tab = await page.context().newPage()
    await tab.goto(under.url)
    await tab.getByRole('button', { name: 'Signed in as Admin' }).waitFor()
    await tab.close()
  })

  test('an admin adds a person and makes a link for them', async () => {
    await page.getByRole('link', { name: 'People' }).click()
    await page.getByRole('button', { name: 'Add a person' }).click()
    const form = page.getByRole('form', { name: 'Add a person' })
    await form.getByLabel('Id').fill('rita')
    await form.getByLabel('Name', { exact: true }).fill('Rita')
    await form.getByLabel('Groups').fill('dba, oncall')
    await form.getByLabel('Names at doors').fill('shop-db:rita')
    await form.getByRole('checkbox', { name: 'reviewer' }).check()
    await looksRight(page, 'people-add')
    await form.getByRole('button', { name: 'Add' }).click()
    await form.waitFor({ state: 'detached' })
    await looksRight(page, 'people')
    await page.getByRole('link', { name: 'Rita' }).click()
    await page.getByText('dba, oncall').waitFor()
    await page.getByRole('button', { name: 'Make a link' }).click()
    link = await page.getByText(`${under.url}/#link=spl_`).innerText()
    await looksRight(page, 'person-link')
  })

  test('the link sets the password once, and takes itself out of the address', async () => {
    rita = await newVisitor()
    await rita.goto(link)
    await rita.getByRole('heading', { name: 'Set your password' }).waitFor()
    expect(rita.url()).toBe(`${under.url}/`)
    expect(await rita.evaluate('history.length')).toBeLessThanOrEqual(2)
    expect(await rita.getByLabel('Name').inputValue()).toBe('rita')
    await rita.getByLabel('New password').fill('short')
    await rita.getByLabel('The same again').fill('shirt')
    await rita.getByRole('button', { name: 'Set it and sign in' }).click()
    await rita.getByText('The two are not the same.').waitFor()
    await rita.getByLabel('The same again').fill('short')
    await rita.getByRole('button', { name: 'Set it and sign in' }).click()
    await rita.getByText('A password has at least 12 characters.').waitFor()
    await looksRight(rita, 'set-password')
    await rita.getByLabel('New password').fill('seven green lanterns')
    await rita.getByLabel('The same again').fill('seven green lanterns')
    await rita.getByRole('button', { name: 'Set it and sign in' }).click()
    await rita.getByRole('button', { name: 'Signed in as Rita' }).waitFor()
    // A reviewer manages nobody.
    expect(await rita.getByRole('link', { name: 'People' }).count()).toBe(0)

    await rita.goto('about:blank')
    await rita.goto(link)
    await rita.getByLabel('New password').fill('eight green lanterns')
    await rita.getByLabel('The same again').fill('eight green lanterns')
    await rita.getByRole('button', { name: 'Set it and sign in' }).click()
    await rita.getByText('The link was used already').waitFor()
    await rita.getByRole('button', { name: 'Not now' }).click()
  })

  test('signing out ends the session, and so does an admin', async () => {
    await rita.getByRole('button', { name: 'Signed in as Rita' }).click()
    await rita.getByRole('menuitem', { name: 'Sign out' }).click()
    await rita.getByRole('heading', { name: 'Sign in to Sallyport' }).waitFor()
    await rita.reload()
    await signIn('rita', 'seven green lanterns', rita)
    await rita.getByRole('button', { name: 'Signed in as Rita' }).waitFor()
    await page.reload()
    await page
      .getByRole('button', { name: /^End signed in/ })
      .first()
      .click()
    await page.getByRole('button', { name: 'End it now' }).click()
    await rita.getByRole('link', { name: 'Doors' }).click()
    await rita.getByText('You are signed out').waitFor()
    await rita.context().close()
  })

  test('a token is issued for less than everything, shown once, and revoked', async () => {
    await page.getByLabel('What it is for').fill('a dashboard')
    await page.getByLabel('It stands for').selectOption('a day')
    await page.getByLabel('It may be used for').selectOption('read only')
    await page.getByRole('button', { name: 'Issue a token' }).click()
    const token = await page.getByText(/^sp_/).innerText()
    const me = async () => {
      const response = await fetch(`${under.url}/api/me`, { headers: { authorization: `Bearer ${token}` } })
      return { status: response.status, ...Object(await response.json()).access }
    }
    expect(await me()).toMatchObject({ status: 200, scope: 'read', commands: ['read'] })
    await looksRight(page, 'person-token')
    await page.reload()
    await page.getByRole('row', { name: /a dashboard/ }).waitFor()
    expect(await page.getByText(token).count()).toBe(0)
    await page.getByRole('button', { name: 'Revoke a dashboard' }).click()
    await page.getByRole('button', { name: 'Revoke it now' }).click()
    await page.getByRole('row', { name: /a dashboard/ }).waitFor({ state: 'detached' })
    expect((await me()).status).toBe(401)
  })

  test('what is known of a person is changed; the last admin cannot be removed, others can', async () => {
    await page.getByRole('button', { name: 'Change' }).click()
    await page.getByLabel('Groups').fill('dba')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('oncall').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Remove Rita' }).click()
    await page.getByRole('button', { name: 'Remove now' }).click()
    await page.getByRole('heading', { name: 'People', exact: true }).waitFor()
    await page.getByRole('link', { name: 'Admin', exact: true }).click()
    await page.getByRole('button', { name: 'Remove Admin' }).click()
    await page.getByRole('button', { name: 'Remove now' }).click()
    await page.getByText('Admin was not removed').waitFor()
    const { people } = Object(await under.api('/api/people'))
    expect(people.map(({ id }: { id: string }) => id)).toEqual(['admin'])
  })
})
