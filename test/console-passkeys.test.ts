import { join } from 'node:path'
import type { CDPSession, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adminPassword, type ConsoleUnderTest, noBrowser, startConsole } from './support/console.ts'
import { looksRight } from './support/look.ts'
import { sallyport } from './support/sallyport.ts'

const rules = `version: 1
rules:
  - id: delete-all
    about: Deletes without a WHERE
    severity: critical
    when: '"delete" in effects'
    then: hold
    tests:
      - { name: a delete, expect: hold, action: { effects: [delete] } }
`

describe.skipIf(noBrowser !== '')(`passkeys in the console${noBrowser}`, () => {
  let under: ConsoleUnderTest
  let page: Page
  let device: CDPSession
  /** Passkeys are for a name, not for an address. */
  let named: string

  beforeAll(async () => {
    under = await startConsole({ rules })
    named = under.url.replace('127.0.0.1', 'localhost')
    await under.seed('CREATE TABLE orders AS SELECT generate_series(1, 100) AS id; ANALYZE orders')
    page = await under.browser.newPage({ viewport: { width: 1280, height: 900 } })
    page.setDefaultTimeout(10_000)
    device = await page.context().newCDPSession(page)
    await device.send('WebAuthn.enable')
    await device.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    })
  }, 120_000)
  afterAll(async () => {
    await under?.close()
  })

  test('are added in the settings, under the name they are for', async () => {
    await page.goto(`${under.url}/settings#token=${under.token}`)
    await page.getByText('Passkeys work under').waitFor()
    await page.goto(`${named}/settings`)
    await page.getByLabel('Name', { exact: true }).fill('admin')
    await page.getByLabel('Password', { exact: true }).fill(adminPassword)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Settings' }).waitFor()
    await page.getByLabel('What to call it').fill('laptop')
    await page.getByRole('button', { name: 'Add a passkey' }).click()
    await page.getByRole('list', { name: 'Your passkeys' }).getByText('laptop').waitFor()
    await looksRight(page, 'settings-passkeys')
  })

  test('sign what a reviewer approves, and the client goes on', async () => {
    const client = await under.connect()
    const deleted = client.query('DELETE FROM orders')
    await page.goto(`${named}/`)
    await page.getByRole('link', { name: /DELETE FROM orders/ }).click()
    await page.getByText('Your passkey signs it').waitFor()
    await looksRight(page, 'hold-passkey')
    await page.getByLabel('Reason').fill('The table is made anew.')
    await page.getByRole('button', { name: 'Approve' }).click()
    expect((await deleted).rowCount).toBe(100)
    await page.getByRole('heading', { name: 'Outcome' }).waitFor()
    await page.getByText('signed with a passkey').first().waitFor()

    const { holds } = Object(await under.api('/api/holds?state=closed'))
    const { hold, votes } = holds[0]
    expect(votes).toMatchObject([{ by: 'admin', decision: 'approve', passkey: expect.any(String) }])
    const checked = await sallyport(['ledger', 'verify-approval', hold, '--data', join(under.folder, 'data')])
    expect(checked.out).toMatch(/^signed: admin approved .* with the passkey "laptop" on http:\/\/localhost:/m)
  })

  test('are asked for by the server, whoever asks it', async () => {
    const client = await under.connect()
    const deleted = client.query('DELETE FROM orders WHERE id > 3').catch((error: Error) => error.message)
    await page.goto(`${named}/`)
    await page.getByRole('link', { name: /DELETE FROM orders WHERE/ }).waitFor()
    const { holds } = Object(await under.api('/api/holds?state=pending'))
    const voted = Object(await under.api(`/api/holds/${holds[0].hold}/votes`, { decision: 'approve', reason: 'x' }))
    expect(voted.error.message).toBe('This asks for a tap of your passkey.')
    await under.api(`/api/holds/${holds[0].hold}/votes`, { decision: 'reject', reason: 'not this one' })
    expect(await deleted).toMatch(/reject/i)
  })

  test('sign in by themselves', async () => {
    await page.getByRole('button', { name: 'Signed in as' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('button', { name: 'Use a passkey' }).waitFor()
    await looksRight(page, 'sign-in-passkey')
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await page.getByRole('button', { name: 'Signed in as' }).waitFor()
  })

  test('are removed with a tap; an admin sees those of others', async () => {
    await page.goto(`${named}/people/admin`)
    await page.getByRole('heading', { name: 'Passkeys' }).waitFor()
    await page.goto(`${named}/settings`)
    await page.getByRole('button', { name: 'Remove the passkey laptop' }).click()
    await page.getByRole('button', { name: 'Tap it, and remove' }).click()
    await page.getByText('Within a quarter of an hour').waitFor()
    expect(await page.getByRole('list', { name: 'Your passkeys' }).count()).toBe(0)
  })
})
