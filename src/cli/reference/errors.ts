import type { SallyportErrorCode } from '../../errors/index.ts'
import type { RefusalCode } from '../../gate/index.ts'

/** SQLSTATEs of class SP, and what whoever sees them should do. */
const refusals: Readonly<Record<RefusalCode, readonly [meaning: string, todo: string]>> = {
  SP001: [
    'Held for review: the wait is over, or waiting is not possible here',
    'run the same statement again once it is approved',
  ],
  SP002: ['Blocked by a rule, or it cannot pass this door at all', 'do it another way, or ask whoever keeps the rules'],
  SP003: ['Rejected by a reviewer', 'read the reason in the message'],
  SP004: ['The hold expired before enough reviewers approved', 'run it again to ask again'],
  SP005: ['The record cannot be written, so nothing passes', 'tell whoever runs Sallyport; run it again later'],
  SP006: [
    'Locked: a person stopped this actor, door or resource',
    'read the message; it says who did it and until when',
  ],
  SP007: ['Too much of the same requester waits for review', 'wait until some of it is decided'],
}

const codes: Readonly<Record<SallyportErrorCode, string>> = {
  config_invalid: 'The configuration does not load',
  rules_invalid: 'The rules do not load',
  address_in_use: 'Something else listens on the address',
  listen_failed: 'The address cannot be listened on',
  ledger_unavailable: 'The record cannot be written',
  ledger_corrupt: 'The record was altered or is damaged',
  ledger_locked: 'Another process writes to the record',
  note_invalid: 'A checkpoint, proof or key is not what it should be, or does not verify',
  search_unavailable: 'The search index does not answer for now; doors and record are not concerned',
  upstream_unreachable: 'The server behind a door, or Sallyport itself, does not answer',
  not_found: 'There is no such thing',
  forbidden: 'The caller may not do this',
  unauthenticated: 'No token, or one that is unknown, expired or revoked; a wrong password',
  too_many_attempts: 'Signing in failed too often; the hint says how long to wait',
  conflict: 'It has changed meanwhile, or contradicts what is there',
  invalid_request: 'The request or input is wrong',
  unsupported: 'This cannot be done',
}

/** The reference of errors in Markdown. */
export function errorsReference(): string {
  const states = Object.entries(refusals).map(([code, [meaning, todo]]) => `| \`${code}\` | ${meaning} | ${todo} |`)
  const rows = Object.entries(codes).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`)
  return `# Errors

## SQLSTATEs at a PostgreSQL door

A refusal is an ERROR: the session stays usable, the transaction is in the state that an error of the server would leave. The message is one sentence; DETAIL names the rule and the version of the rule set; HINT says what to do.

| SQLSTATE | meaning | what to do |
|---|---|---|
${states.join('\n')}

Errors of the server behind the door pass through as they are. The door uses some SQLSTATEs of PostgreSQL for what is PostgreSQL's to say: \`08001\` (server not reachable), \`08004\` (the door's own sign-in to the server failed), \`28P01\` and \`28000\` (a sign-in at the door failed, or was not encrypted), \`53300\` (too many connections), \`57P01\` (the door closes).

## Error codes

Stable, in answers of the API as \`error.code\`.

| code | meaning |
|---|---|
${rows.join('\n')}

The exit codes of the command line are in [cli.md](cli.md#exit-codes).
`
}
