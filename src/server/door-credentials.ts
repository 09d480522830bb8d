import type { DoorConfig } from '../config/index.ts'
import { type DoorCredentials, type Known, ServiceAccount } from '../doors/postgres/index.ts'
import { errorMessage, SallyportError } from '../errors/index.ts'
import { opensDoors, type People } from '../people/index.ts'
import { type Environment, secretReader } from './secret.ts'

/**
 * Who may sign in at a door that has credentials of its own; undefined for one that has none.
 * @throws SallyportError `config_invalid` where the password cannot be had
 */
export async function doorCredentials(
  door: DoorConfig,
  people: People,
  environment: Environment,
): Promise<DoorCredentials | undefined> {
  const { credentials, name } = door
  if (credentials === undefined) return undefined
  const { password: place } = credentials
  const password = place === undefined ? async () => undefined : secretReader(place, environment)
  try {
    await password()
  } catch (error) {
    throw new SallyportError('config_invalid', `Door ${name} cannot read its password: ${errorMessage(error)}`, {
      hint: 'Sallyport needs to be able to read the file; see doors[].credentials.passwordFile.',
      cause: error,
    })
  }
  return {
    account: new ServiceAccount(credentials.user, password),
    authenticate: (user, token) => {
      const person = people.authenticate(token)
      // Their own name, or the one they have had at this door: a token does not make anybody somebody else.
      if (person === undefined || (person.id !== user && !person.actors.includes(`${name}:${user}`))) return undefined
      if (!opensDoors(person)) return undefined
      const { id, kind, groups, owner } = person
      const known: Known = { id, name: person.name, kind, groups: [...groups] }
      return owner === undefined ? known : { ...known, owner }
    },
  }
}
