/**
 * people/: who is who: people, groups, roles, tokens.
 * @module
 */
export { type Person, type Role, roles } from './person.ts'
