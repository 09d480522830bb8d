/** What the command's exit code says. Stable: scripts rely on it. */
export const exitCodes = {
  done: { code: 0, meaning: 'Done. `judge`: the action is allowed or flagged' },
  failed: {
    code: 1,
    meaning: 'Failed: the server cannot be reached or refuses, a port is taken, a file cannot be read',
  },
  usage: { code: 2, meaning: 'The command line, the configuration or the input is wrong' },
  rules: { code: 3, meaning: 'The rules do not load, or one of their tests fails' },
  altered: {
    code: 4,
    meaning: '`ledger verify`: something on the record was changed. `ledger verify-proof`, `verify-approval`: it fails',
  },
  truncated: { code: 5, meaning: '`ledger verify`: the end of the record is missing' },
  reordered: { code: 6, meaning: '`ledger verify`: entries of the record stand in another order' },
  incomplete: { code: 7, meaning: '`ledger verify`: something is missing from the record before its end' },
  forked: { code: 8, meaning: '`ledger verify`: the record is not the one that an earlier checkpoint was signed for' },
  held: { code: 10, meaning: '`judge`: the action is held for review' },
  blocked: { code: 11, meaning: '`judge`: the action is blocked' },
  notUnderstood: { code: 12, meaning: '`classify`: something could not be understood' },
} as const satisfies Record<string, { code: number; meaning: string }>

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]['code']
