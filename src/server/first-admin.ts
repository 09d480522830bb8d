import type { People, Person } from '../people/index.ts'

/**
 * The first start knows nobody: makes one admin and a token, so that somebody can sign in. The token is handed back
 * once and is on the ledger only as a digest.
 * @param anew also if somebody is known: for whoever lost the first one and can start the server
 */
export async function firstAdmin(people: People, anew: boolean): Promise<string | undefined> {
  if (people.list().length > 0 && !anew) return undefined
  return signIn(people, { id: 'admin', name: 'Admin', groups: ['dba'], roles: ['admin', 'reviewer'] })
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
