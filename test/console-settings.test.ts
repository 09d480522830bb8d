import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConsoleUnderTest, noBrowser, startConsole } from './support/console.ts'
import { looksRight } from './support/look.ts'
import { type Receiver, startReceiver } from './support/receiver.ts'

describe.skipIf(noBrowser !== '')(`settings in the console${noBrowser}`, () => {
  let under: ConsoleUnderTest
  let page: Page
  let works: Receiver
  let refuses: Receiver
  let secrets: string

  beforeAll(async () => {
    works = await startReceiver()
    refuses = await startReceiver(() => ({ status: 403 }))
    secrets = await mkdtemp(join(tmpdir(), 'sallyport-secrets-'))
    const key = join(secrets, 'hook.key')
    await writeFile(key, `whsec_${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o600 })
    under = await startConsole({
      config: `notify:
  - { name: on-call, kind: webhook, url: "${works.url}/hook", secretFile: "${key}", events: [hold.opened] }
  - { name: gone, kind: webhook, url: "${refuses.url}/hook", secretFile: "${key}" }
`,
    })
    page = await open(under.token)
  }, 120_000)
  afterAll(async () => {
    await under?.close()
    await works?.close()
    await refuses?.close()
    await rm(secrets, { recursive: true, force: true })
  })

  async function open(token: string): Promise<Page> {
    const visitor = await under.browser.newPage({ viewport: { width: 1280, height: 900 } })
    visitor.setDefaultTimeout(10_000)
    await visitor.goto(`${under.url}/#token=${token}`)
    await visitor.getByRole('button', { name: 'Signed in as' }).click()
    await visitor.getByRole('menuitem', { name: 'Settings' }).click()
    await visitor.getByRole('heading', { name: 'Settings' }).waitFor()
    return visitor
  }
  const row = (name: string) => page.getByRole('row', { name })

  test('are reached through the own name, and say which channels there are and how it stands with them', async () => {
    await row('on-call').getByText('nothing sent yet').waitFor()
    expect(await row('on-call').innerText()).toContain('hold.opened at every door')
    expect(await page.title()).toContain('Settings')
    await looksRight(page, 'settings')
  })

  test('send a test through a channel, and say why it does not arrive', async () => {
    await page.getByRole('button', { name: 'Send a test to on-call' }).click()
    await row('on-call').getByText('It arrived.').waitFor()
    expect(works.requests).toHaveLength(1)
    await page.getByRole('button', { name: 'Send a test to gone' }).click()
    await row('gone').getByText('403').first().waitFor()
  })

  test('keep how the console looks in this browser', async () => {
    await page.getByText('Dark', { exact: true }).click()
    await page.locator('html[data-mantine-color-scheme="dark"]').waitFor()
    await page.reload()
    await page.locator('html[data-mantine-color-scheme="dark"]').waitFor()
    expect(await page.getByRole('radio', { name: 'Dark' }).isChecked()).toBe(true)
  })

  test('offer no test to who may not send one', async () => {
    await under.api('/api/people', { id: 'vera', name: 'Vera', kind: 'human', roles: ['viewer'], groups: [] })
    const { token } = Object(await under.api('/api/people/vera/tokens', { label: 'test', expiresAt: null }))
    const hers = await open(token)
    await hers.getByRole('row', { name: 'on-call' }).waitFor()
    expect(await hers.getByRole('button', { name: 'Send a test' }).count()).toBe(0)
    await hers.close()
  })
})
