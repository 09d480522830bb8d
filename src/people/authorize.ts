import type { Person, Role } from './person.ts'

/**
 * What can be asked of Sallyport by people. `answer`: for one's own holds, confirming and withdrawing. `passkeys.own`:
 * adding and removing what one proves oneself with.
 * Every route of the API and every CLI command is one of these.
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
  'notify.test',
  'passkeys.own',
] as const
export type Command = (typeof commands)[number]

/** The one table of who may do what. What does not stand here is not allowed. */
const allowed: Readonly<Record<Role, readonly Command[]>> = {
  viewer: ['read', 'answer', 'passkeys.own'],
  reviewer: ['read', 'answer', 'vote', 'passkeys.own'],
  'rule-author': ['read', 'answer', 'rules.manage', 'passkeys.own'],
  auditor: ['read', 'passkeys.own'],
  admin: [
    'read',
    'answer',
    'vote',
    'locks.manage',
    'people.manage',
    'index.rebuild',
    'sessions.end',
    'rules.manage',
    'notify.test',
    'passkeys.own',
  ],
}

/** The most a token may be used for. `door`: signing in at a database door, and nothing else. */
export const scopes = ['read', 'review', 'admin', 'door'] as const
export type Scope = (typeof scopes)[number]

const within: Readonly<Record<Scope, readonly Command[]>> = {
  read: ['read'],
  review: ['read', 'answer', 'vote'],
  admin: commands,
  door: [],
}

export function isScope(name: string): name is Scope {
  return scopes.some((scope) => scope === name)
}

/** Who asks: a person, as far as what they asked with goes. */
export interface Caller extends Person {
  /** Of the token; left out: all that the person may do. */
  readonly scope?: Scope
}

export type Authorization =
  | { readonly allowed: true; readonly reason: null }
  | { readonly allowed: false; readonly reason: string }

/**
 * Whether a person's roles, and the scope of the token they came with, include a command. Whether this person may vote
 * on this hold is a further question, which holds/ answers: no role lets anybody vote on their own action.
 */
export function authorize(person: Pick<Caller, 'roles' | 'scope'>, command: Command): Authorization {
  const { scope } = person
  if (scope !== undefined && !within[scope].includes(command)) {
    const needed = scopes.find((wider) => within[wider].includes(command))
    return { allowed: false, reason: `This needs a token of scope ${needed}; yours is ${scope}.` }
  }
  if (person.roles.some((role) => allowed[role].includes(command))) return { allowed: true, reason: null }
  const needed = (['viewer', 'reviewer', 'rule-author', 'admin'] as const).find((role) =>
    allowed[role].includes(command),
  )
  const have = person.roles.length === 0 ? 'you have no role' : `your role is ${person.roles.join(', ')}`
  return { allowed: false, reason: `This needs the role ${needed}; ${have}.` }
}

/** Whether a token opens database doors: one that was made to read or review elsewhere does not. */
export function opensDoors({ scope }: Pick<Caller, 'scope'>): boolean {
  return scope === undefined || scope === 'door'
}

/** All that somebody may ask for. */
export function allowedCommands(caller: Pick<Caller, 'roles' | 'scope'>): Command[] {
  return commands.filter((command) => authorize(caller, command).allowed)
}
