/**
 * people/: who is who: people, groups, roles, tokens.
 *
 * Folded from the ledger like everything else. Of a token only its SHA-256 is kept. `authorize` is the one table of
 * what a role may do.
 * @module
 */
export { type Authorization, authorize, type Command, commands } from './authorize.ts'
export { People, type PeopleOptions, type PersonAsReviewer } from './people.ts'
export { type Person, type Role, roles } from './person.ts'
export { emptyRegister, foldRegister, type IssuedToken, type Register } from './register.ts'
