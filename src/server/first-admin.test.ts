import { expect, test } from 'vitest'
import { MemoryLedger } from '../../test/support/memory-ledger.ts'
import { testSignIn } from '../../test/support/test-sign-in.ts'
import { Passkeys, People } from '../people/index.ts'
import { firstAdmin } from './first-admin.ts'

const publicUrl = 'https://guard.example/'

/** A server that knows nobody. */
async function fresh() {
  const ledger = new MemoryLedger()
  const people = await People.open({ ledger })
  return { people, publicUrl, signIn: testSignIn(people, ledger, await Passkeys.open({ ledger, site: undefined })) }
}

test('a link is made at each start until somebody can sign in', async () => {
  const server = await fresh()
  const first = await firstAdmin(server, false)
  expect(first?.link).toMatch(/^https:\/\/guard\.example\/#link=spl_[\w-]{43}&for=admin$/)
  expect(server.people.get('admin')).toMatchObject({ kind: 'human', roles: ['admin', 'reviewer'] })
  const second = await firstAdmin(server, false)
  const secret = new URL(second?.link ?? '').hash.replace(/^#link=|&.*$/g, '')
  await server.signIn.withLink(secret, 'correct horse battery', { address: 'a' })
  expect(await firstAdmin(server, false)).toBeUndefined()
})

test('whoever can start the server gets in again by asking for it', async () => {
  const server = await fresh()
  await firstAdmin(server, false)
  await server.people.issueToken('admin', { label: 't', expiresAt: null, by: 'admin' })
  expect(await firstAdmin(server, false)).toBeUndefined()
  expect((await firstAdmin(server, true))?.link).toContain('&for=admin')
})
