import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConsoleUnderTest, noBrowser, startConsole } from './support/console.ts'
import { looksRight } from './support/look.ts'

describe.skipIf(noBrowser !== '')(`locks, from the console to the door${noBrowser}`, () => {
  let under: ConsoleUnderTest
  let page: Page

  beforeAll(async () => {
    under = await startConsole({
      rules: `version: 1
rules:
  - { id: none, about: Nothing here, when: '"conceal" in effects', then: flag }
`,
    })
    await under.seed(`CREATE TABLE customers (id int PRIMARY KEY); CREATE TABLE other (id int);
      CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers ON DELETE CASCADE);
      INSERT INTO customers VALUES (1), (2); INSERT INTO orders VALUES (1, 1), (2, 1)`)
    page = await as(under.token)
  }, 120_000)
  afterAll(() => under?.close())

  async function as(token: string): Promise<Page> {
    const visitor = await under.browser.newPage({ viewport: { width: 1280, height: 900 } })
    visitor.setDefaultTimeout(10_000)
    await visitor.goto(`${under.url}/#token=${token}`)
    await visitor.getByRole('link', { name: 'Locks' }).click()
    return visitor
  }

  const row = (name: string) => page.getByRole('row', { name })
  const lift = async (name: string, reason: string) => {
    await row(name).getByRole('button', { name: 'Lift' }).click()
    await row(name).getByPlaceholder('Why it is lifted').fill(reason)
    await row(name).getByRole('button', { name: 'Lift now' }).click()
    await page.getByText('Nothing is locked').waitFor()
  }
  const kindsOnRecord = async () => {
    const { entries } = Object(await under.api('/api/ledger/entries?limit=1000'))
    return entries
      .filter(({ kind }: { kind: string }) => kind.startsWith('lock.'))
      .map(({ kind, body }: { kind: string; body: object }) => [kind, body])
  }

  test('stop a door at once: the live session is cut, and what comes is refused with the message', async () => {
    await page.getByText('Nothing is locked').waitFor()
    await looksRight(page, 'locks-none')
    const client = await under.connect()
    const cut = new Promise<Error>((resolve) => client.once('error', resolve))
    await client.query('SELECT 1')

    await page.getByRole('button', { name: 'Lock somebody or something' }).click()
    const form = page.getByRole('form', { name: 'Lock somebody or something' })
    await form.getByLabel('Lock', { exact: true }).selectOption('door')
    await form.getByLabel('Which').selectOption('shop-db')
    await form.getByLabel('What they are told').fill('Restoring a backup')
    await form.getByRole('button', { name: 'Lock …' }).click()
    await form.getByText('This stops door shop-db at once').waitFor()
    expect(await kindsOnRecord()).toEqual([])
    await looksRight(page, 'locks-asking')
    await form.getByRole('button', { name: 'Lock now' }).click()

    await row('door shop-db').getByText('Restoring a backup').waitFor()
    await looksRight(page, 'locks')
    expect((await cut).message).toContain('Locked: Restoring a backup')
    await expect(under.connect()).rejects.toMatchObject({
      code: 'SP006',
      message: 'Locked: Restoring a backup',
    })

    await lift('door shop-db', 'the backup is back')
    const later = await under.connect()
    expect((await later.query('SELECT 1')).rowCount).toBe(1)
    expect(await kindsOnRecord()).toMatchObject([
      ['lock.put', { on: { kind: 'door', name: 'shop-db' }, message: 'Restoring a backup', by: 'admin' }],
      ['lock.lifted', { by: 'admin', reason: 'the backup is back' }],
    ])
  })

  test('on a table stop whatever touches it, however it is called, and nothing else', async () => {
    const body = { on: { kind: 'resource', name: 'orders' }, message: 'Hands off', until: null }
    const client = await under.connect()
    await under.api('/api/locks', body)
    for (const sql of [
      'SELECT * FROM orders',
      'DELETE FROM public.orders WHERE id = 1',
      'UPDATE "orders" SET id = 3 WHERE id = 1',
      'WITH gone AS (DELETE FROM orders RETURNING id) SELECT count(*) FROM gone',
      'DELETE FROM customers WHERE id = 1',
      'TRUNCATE customers CASCADE',
    ]) {
      await expect(client.query(sql), sql).rejects.toMatchObject({ code: 'SP006' })
    }
    expect((await client.query('DELETE FROM customers WHERE id = 2')).rowCount).toBe(1)
    expect((await client.query('SELECT * FROM other')).rowCount).toBe(0)
    await lift('resource orders', 'done')
    expect((await client.query('SELECT * FROM orders')).rowCount).toBe(2)
  })

  test('on oneself are refused, and the form stays', async () => {
    await page.getByRole('button', { name: 'Lock somebody or something' }).click()
    await page.getByLabel('Which').fill('admin')
    await page.getByLabel('What they are told').fill('Oops')
    await page.getByRole('button', { name: 'Lock …' }).click()
    await page.getByRole('button', { name: 'Lock now' }).click()
    await page.getByText('You would lock out yourself').waitFor()
    await page.getByRole('button', { name: 'Not yet' }).click()
    await page.getByRole('button', { name: 'Cancel' }).click()
  })

  test('are seen, and not touched, by who may not manage them', async () => {
    await under.api('/api/people', { id: 'vera', name: 'Vera', kind: 'human', roles: ['viewer'] })
    const { token } = Object(await under.api('/api/people/vera/tokens', { label: 'test', expiresAt: null }))
    await under.api('/api/locks', { on: { kind: 'actor', name: 'shop-db:eve' }, message: 'Gone', until: null })
    const hers = await as(token)
    await hers.getByRole('row', { name: 'actor shop-db:eve' }).waitFor()
    expect(await hers.getByRole('button', { name: /Lift|Lock somebody/ }).count()).toBe(0)
    await hers.close()
  })
})
