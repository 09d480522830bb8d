import { SallyportError } from '../errors/index.ts'
import type { Person } from './person.ts'
import type { Register } from './register.ts'

const idPattern = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/

function refuse(message: string, hint: string): never {
  throw new SallyportError('invalid_request', message, { hint })
}

/**
 * Whether a person can be put on the register as it stands.
 * @throws SallyportError `invalid_request`, `conflict`
 */
export function checkPerson({ people }: Register, person: Person): void {
  if (!idPattern.test(person.id)) {
    refuse(
      `"${person.id}" cannot be the id of a person.`,
      'use letters, digits and . _ @ - , at most 128, starting with a letter or digit',
    )
  }
  if (person.name.trim() === '') refuse(`The person ${person.id} has no name.`, 'give a name that colleagues know')
  if (person.owner !== undefined) checkOwner(people, person, person.owner)
  for (const other of people.values()) {
    const shared = other.id === person.id ? undefined : person.actors.find((actor) => other.actors.includes(actor))
    if (shared !== undefined) {
      // Two people behind one actor would make it unclear who asked, and so who may not approve.
      throw new SallyportError('conflict', `${shared} acts for ${other.id} already.`, {
        hint: `take it from ${other.id} first, or give each person a login of their own`,
      })
    }
  }
  refuseWithoutAdmin(people, person.id, person)
}

function checkOwner(people: Register['people'], person: Person, owner: string): void {
  if (person.kind === 'human') refuse(`${person.id} is a human, so nobody owns them.`, 'leave out owner')
  if (people.get(owner)?.kind !== 'human') {
    refuse(`The owner of ${person.id} must be a person; ${owner} is not one.`, 'put the owner first, as kind human')
  }
}

/**
 * Refuses the change that would leave nobody to manage people.
 * @param after the person as they would be; undefined: removed
 */
export function refuseWithoutAdmin(people: Register['people'], id: string, after: Person | undefined): void {
  const admins = [...people.values()].filter((person) => person.roles.includes('admin'))
  if (admins.length === 1 && admins[0]?.id === id && after?.roles.includes('admin') !== true) {
    throw new SallyportError('conflict', `${id} is the only admin.`, { hint: 'make somebody else admin first' })
  }
}
