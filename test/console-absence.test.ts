import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConsoleUnderTest, noBrowser, startConsole } from './support/console.ts'
import { looksRight } from './support/look.ts'

describe.skipIf(noBrowser !== '')(`being away, in the console${noBrowser}`, () => {
  let under: ConsoleUnderTest

  beforeAll(async () => {
    under = await startConsole({
      rules: `version: 1
rules:
  - { id: deletes, about: Deleting, when: '"delete" in effects', then: { hold: { from: [dba] } } }
`,
    })
    await under.seed('CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1)')
    for (const [id, groups] of [
      ['rita', ['dba']],
      ['dan', []],
    ] as const) {
      await under.api('/api/people', { id, name: id, kind: 'human', roles: ['reviewer'], groups })
    }
  }, 120_000)
  afterAll(() => under?.close())

  async function as(id: string): Promise<Page> {
    const { token } = Object(await under.api(`/api/people/${id}/tokens`, { label: 'test', expiresAt: null }))
    const page = await under.browser.newPage({ viewport: { width: 1280, height: 900 } })
    page.setDefaultTimeout(10_000)
    await page.goto(`${under.url}/#token=${token}`)
    return page
  }

  test('who is away says who stands in; the deputy decides in their place, and is no deputy once they are back', async () => {
    const dan = await as('dan')
    const client = await under.connect()
    const deleted = client.query('DELETE FROM orders')
    await dan.getByRole('link', { name: /orders/ }).click()
    await dan.getByText('This hold asks for somebody from dba.').waitFor()

    const rita = await as('rita')
    await rita.getByRole('button', { name: 'Signed in as rita' }).click()
    await rita.getByRole('menuitem', { name: 'Being away' }).click()
    const dialog = rita.getByRole('dialog', { name: 'Being away' })
    await looksRight(rita, 'away')
    await dialog.getByLabel('Who stands in').fill('nobody-known')
    await dialog.getByLabel('Until').fill('2099-01-01T00:00')
    await dialog.getByRole('button', { name: 'Let them stand in' }).click()
    await dialog.getByText('An absence ends within a year.').waitFor()
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 16)
    await dialog.getByLabel('Until').fill(tomorrow)
    await dialog.getByRole('button', { name: 'Let them stand in' }).click()
    await dialog.getByText('There is no person nobody-known.').waitFor()
    await dialog.getByLabel('Who stands in').fill('dan')
    await dialog.getByRole('button', { name: 'Let them stand in' }).click()
    await dialog.getByText('dan stands in on holds').waitFor()

    await dan.reload()
    await dan.getByRole('button', { name: 'Approve' }).click()
    await dan.getByText('dan approved').or(dan.getByText('Released')).first().waitFor()
    expect((await deleted).rowCount).toBe(1)
    const { holds } = Object(await under.api('/api/holds?state=closed'))
    expect(holds[0].votes).toMatchObject([{ by: 'dan', groups: ['dba'], standsIn: ['rita'] }])
    await dan.getByRole('button', { name: 'Signed in as dan' }).click()
    await dan.getByText('Stands in for: rita').waitFor()

    await dialog.getByRole('button', { name: 'Back again' }).click()
    await dialog.getByLabel('Who stands in').waitFor()
    expect(Object(await under.api('/api/people')).people.map((one: { absence: unknown }) => one.absence)).toEqual([
      null,
      null,
      null,
    ])
  })
})
