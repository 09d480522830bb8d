/** What the command's exit code says. Stable: scripts rely on it. */
export const exitCodes = {
  done: { code: 0, meaning: 'Done. `judge`: the action is allowed or flagged' },
  failed: {
    code: 1,
    meaning: 'Failed: the server cannot be reached or refuses, a port is taken, a file cannot be read',
  },
  usage: { code: 2, meaning: 'The command line, the configuration or the input is wrong' },
  rules: { code: 3, meaning: 'The rules do not load, or one of their tests fails' },
  ledger: { code: 4, meaning: '`ledger verify` found the record altered, truncated or incomplete' },
  held: { code: 10, meaning: '`judge`: the action is held for review' },
  blocked: { code: 11, meaning: '`judge`: the action is blocked' },
  notUnderstood: { code: 12, meaning: '`classify`: something could not be understood' },
} as const satisfies Record<string, { code: number; meaning: string }>

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]['code']
