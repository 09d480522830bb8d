import type { Person, Role } from './person.ts'

/**
 * What can be asked of Sallyport by people. `answer`: for one's own holds, confirming and withdrawing. Every route of the API and every CLI command is one of
 * these.
 */
export const commands = [
  'read',
  'answer',
  'vote',
  'locks.manage',
  'people.manage',
  'index.rebuild',
  'sessions.end',
  'rules.manage',
] as const
export type Command = (typeof commands)[number]

/** The one table of who may do what. What does not stand here is not allowed. */
const allowed: Readonly<Record<Role, readonly Command[]>> = {
  viewer: ['read', 'answer'],
  reviewer: ['read', 'answer', 'vote'],
  auditor: ['read'],
  admin: ['read', 'answer', 'vote', 'locks.manage', 'people.manage', 'index.rebuild', 'sessions.end', 'rules.manage'],
}

export type Authorization =
  | { readonly allowed: true; readonly reason: null }
  | { readonly allowed: false; readonly reason: string }

/**
 * Whether a person's roles include a command. Whether this person may vote on this hold is a further question, which
 * holds/ answers: no role lets anybody vote on their own action.
 */
export function authorize(person: Pick<Person, 'roles'>, command: Command): Authorization {
  if (person.roles.some((role) => allowed[role].includes(command))) return { allowed: true, reason: null }
  const needed = (['viewer', 'reviewer', 'admin'] as const).find((role) => allowed[role].includes(command))
  const have = person.roles.length === 0 ? 'you have no role' : `your role is ${person.roles.join(', ')}`
  return { allowed: false, reason: `This needs the role ${needed}; ${have}.` }
}
