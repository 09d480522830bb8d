import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConsoleUnderTest, noBrowser, startConsole } from './support/console.ts'
import { looksRight } from './support/look.ts'

describe.skipIf(noBrowser !== '')(`reviewers at two browsers, and emergencies${noBrowser}`, () => {
  let under: ConsoleUnderTest
  const pages = new Map<string, Page>()

  beforeAll(async () => {
    under = await startConsole({
      rules: `version: 1
rules:
  - { id: two, about: Two must agree, when: 'operation == "DELETE"', then: { hold: { approvals: 2 } } }
  - { id: sure, about: Somebody means it, when: 'operation == "UPDATE"', then: { hold: { confirm: true } } }
`,
      config: 'breakGlass: { groups: [oncall] }\n',
    })
    await under.seed('CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 9)')
    const people = [
      { id: 'rita', roles: ['reviewer'], groups: [] },
      { id: 'omar', roles: ['reviewer'], groups: ['oncall'] },
      { id: 'ada', roles: ['viewer'], groups: [], actors: [`shop-db:${under.postgres.superuser}`] },
    ]
    for (const person of people) {
      await under.api('/api/people', { ...person, name: person.id, kind: 'human' })
      const { token } = Object(await under.api(`/api/people/${person.id}/tokens`, { label: 'test', expiresAt: null }))
      // A browser of their own each.
      const context = await under.browser.newContext({ viewport: { width: 1280, height: 900 } })
      const page = await context.newPage()
      page.setDefaultTimeout(10_000)
      await page.goto(`${under.url}/#token=${token}`)
      await page.getByText('live', { exact: true }).waitFor()
      pages.set(person.id, page)
    }
  }, 120_000)
  afterAll(() => under?.close())

  const of = (id: string): Page => {
    const page = pages.get(id)
    if (page === undefined) throw new Error(`no browser of ${id}`)
    return page
  }

  /** Sends a statement that is held, and opens its hold in browsers. */
  async function held(sql: string, ...reviewers: string[]): Promise<{ result: Promise<unknown>; hold: string }> {
    const client = await under.connect()
    const result = client.query(sql).then(
      ({ rowCount }) => rowCount,
      (error: unknown) => error,
    )
    const find = async (): Promise<string> => Object(await under.api('/api/holds?state=pending')).holds[0]?.hold ?? ''
    await expect.poll(find).not.toBe('')
    const hold = await find()
    for (const id of reviewers) {
      await of(id).getByRole('link', { name: 'Inbox' }).first().click()
      await of(id)
        .getByRole('link', { name: /orders/ })
        .first()
        .click()
      await of(id).getByRole('heading', { name: 'Decide' }).waitFor()
    }
    return { result, hold }
  }

  test('the vote of one shows to the other at once; two clicks of one are one vote', async () => {
    const { result, hold } = await held('DELETE FROM orders WHERE id = 1', 'rita', 'omar')
    await of('rita').getByRole('button', { name: 'Approve' }).dblclick()
    await of('omar').getByText('rita approved').first().waitFor()
    await of('rita').getByText('You have voted on this hold already.').waitFor()
    const { state, votes } = Object(await under.api(`/api/holds/${hold}`))
    expect([state, votes.length]).toEqual(['pending', 1])
    await of('omar').getByRole('button', { name: 'Approve' }).click()
    expect(await result).toBe(1)
    for (const id of ['rita', 'omar']) await of(id).getByText('Released').first().waitFor()
  })

  test('who votes at the same moment as another counts once, and the statement runs once', async () => {
    const { result, hold } = await held('DELETE FROM orders WHERE id = 2', 'rita', 'omar')
    await Promise.all(['rita', 'omar'].map((id) => of(id).getByRole('button', { name: 'Approve' }).click()))
    expect(await result).toBe(1)
    const { votes } = Object(await under.api(`/api/holds/${hold}`))
    expect(votes.map(({ by }: { by: string }) => by).sort()).toEqual(['omar', 'rita'])
  })

  test('approved by one and rejected by the other at the same moment, it does not run', async () => {
    const { result } = await held('DELETE FROM orders WHERE id = 3', 'rita', 'omar')
    await of('omar').getByRole('textbox', { name: 'Reason' }).fill('not today')
    await Promise.all([
      of('rita').getByRole('button', { name: 'Approve' }).click(),
      of('omar').getByRole('button', { name: 'Reject' }).click(),
    ])
    expect(await result).toMatchObject({ code: 'SP003' })
    for (const id of ['rita', 'omar']) await of(id).getByText('Rejected').first().waitFor()
  })

  test('whoever asked confirms that they mean it, where a rule leaves it to that, and nobody else does', async () => {
    const { result, hold } = await held('UPDATE orders SET id = 40 WHERE id = 4', 'ada', 'rita')
    expect(await of('rita').getByRole('button', { name: 'I mean it' }).count()).toBe(0)
    await looksRight(of('ada'), 'hold-confirm')
    await of('ada').getByRole('button', { name: 'I mean it: let it run' }).click()
    expect(await result).toBe(1)
    const { votes } = Object(await under.api(`/api/holds/${hold}`))
    expect(votes).toMatchObject([{ by: 'ada', decision: 'confirm' }])
  })

  test('the glass is broken with a reason only, shows everywhere, and stays open until another has looked', async () => {
    const { result, hold } = await held('DELETE FROM orders WHERE id = 5', 'omar', 'rita')
    const omar = of('omar')
    expect(await of('rita').getByText('Emergency').count()).toBe(0)
    await omar.getByText('Emergency: nobody can review it').click()
    await omar.getByRole('button', { name: 'Break the glass' }).click()
    await omar.getByText('Say it in a sentence').waitFor()
    expect(Object(await under.api(`/api/holds/${hold}`)).state).toBe('pending')
    await looksRight(omar, 'hold-break-glass')
    await omar.getByRole('textbox', { name: 'What the emergency is' }).fill('checkout is down')
    await omar.getByRole('button', { name: 'Break the glass' }).click()
    expect(await result).toBe(1)
    await omar.getByText('omar broke the glass').waitFor()
    expect(await omar.getByRole('button', { name: 'I have looked at it' }).count()).toBe(0)

    const rita = of('rita')
    await rita.getByText('checkout is down').waitFor()
    await rita.getByRole('link', { name: 'Inbox' }).first().click()
    await rita.getByRole('heading', { name: 'To be looked at' }).waitFor()
    await looksRight(rita, 'inbox-follow-up')
    await rita.getByRole('region', { name: 'To be looked at' }).getByRole('link').click()
    await rita.getByRole('textbox', { name: 'What came of looking at it' }).fill('was right to')
    await rita.getByRole('button', { name: 'I have looked at it' }).click()
    await rita.getByText('was right to').last().waitFor()
    await looksRight(rita, 'hold-forced')
    await rita.getByRole('link', { name: 'Inbox' }).first().click()
    await expect.poll(() => rita.getByText('To be looked at').count()).toBe(0)
    expect(Object(await under.api(`/api/holds/${hold}`)).forced).toMatchObject({
      by: 'omar',
      reason: 'checkout is down',
      review: { by: 'rita', note: 'was right to' },
    })
  }, 90_000)
})
