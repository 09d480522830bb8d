import { passwordLink } from '../api/index.ts'
import type { People, Person } from '../people/index.ts'
import type { RunningServer } from './start-server.ts'

/**
 * Where nobody can sign in yet: makes one admin, and a link by which they set a password. The link works once, is
 * handed back once and is on the ledger only as a digest.
 * @param anew also if somebody can: for whoever lost theirs and can start the server
 */
export async function firstAdmin(
  { people, signIn, publicUrl }: Pick<RunningServer, 'people' | 'signIn' | 'publicUrl'>,
  anew: boolean,
): Promise<{ link: string; expiresAt: string } | undefined> {
  const canSignIn = ({ id }: Person) => people.passwordOf(id) !== undefined || people.tokensOf(id).length > 0
  if (people.list().some(canSignIn) && !anew) return undefined
  if (people.get('admin') === undefined) {
    await people.put(
      { id: 'admin', name: 'Admin', kind: 'human', groups: ['dba'], roles: ['admin', 'reviewer'], actors: [] },
      'sallyport',
    )
  }
  const { secret, expiresAt } = await signIn.link('admin', 'sallyport')
  return { link: passwordLink(publicUrl, secret, 'admin'), expiresAt }
}

/** Makes a person if there is none by that id, and a fresh token for them; earlier ones of this kind are revoked. */
export async function signIn(people: People, person: Omit<Person, 'kind' | 'actors'>): Promise<string> {
  const label = 'made at start'
  if (people.get(person.id) === undefined) {
    await people.put({ kind: 'human', actors: [], ...person }, 'sallyport')
  }
  for (const token of people.tokensOf(person.id)) {
    if (token.label === label) await people.revokeToken(token.id, 'sallyport')
  }
  const { token } = await people.issueToken(person.id, { label, expiresAt: null, by: 'sallyport' })
  return token
}
