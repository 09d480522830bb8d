/**
 * people/: who is who: people, groups, roles, tokens.
 *
 * Folded from the ledger like everything else. Of a token only its SHA-256 is kept; of a password its argon2id hash,
 * in a file beside the ledger, and on the ledger the SHA-256 of that. `authorize` is the one table of
 * what a role may do.
 * @module
 */
export { type Absence, Absences } from './absences.ts'
export {
  type Authorization,
  allowedCommands,
  authorize,
  type Caller,
  type Command,
  commands,
  opensDoors,
  type Scope,
  scopes,
} from './authorize.ts'
export {
  addition,
  type CheckedApproval,
  checkTap,
  type Passkey,
  type PasskeySite,
  Passkeys,
  passkeySite,
  removal,
  type Statement,
  type TapAnswer,
  verifyApprovals,
  voteStatement,
} from './passkeys/index.ts'
export { type PasswordFile, passwordFile } from './password-file.ts'
export { argon2idHasher, type PasswordHasher } from './password-hasher.ts'
export { People, type PeopleOptions, type PersonAsReviewer } from './people.ts'
export { type Person, type Role, roles } from './person.ts'
export { emptyRegister, foldRegister, type IssuedToken, type Register } from './register.ts'
export { type From, type SignedIn, SignIn } from './sign-in.ts'
export { SignInThrottle } from './sign-in-throttle.ts'
