/**
 * The import rules of the house (docs/architecture.md, "Rooms"), checked by `npm run lint:imports`.
 * A room imports only the rooms listed for it, and of another room only its index.ts.
 */
const rooms = {
  errors: [],
  action: ['errors'],
  rules: ['action', 'errors'],
  ledger: ['action', 'errors'],
  search: ['action', 'ledger', 'errors'],
  export: ['action', 'ledger', 'search', 'errors'],
  holds: ['action', 'ledger', 'errors'],
  people: ['action', 'ledger', 'errors'],
  locks: ['action', 'ledger', 'errors'],
  rulebook: ['action', 'rules', 'ledger', 'errors'],
  changes: ['action', 'ledger', 'holds', 'errors'],
  notify: ['action', 'ledger', 'holds', 'locks', 'errors'],
  gate: ['action', 'rules', 'ledger', 'holds', 'locks', 'people', 'errors'],
  doors: ['action', 'gate', 'errors'],
  config: ['action', 'errors'],
  api: [
    'action',
    'changes',
    'gate',
    'holds',
    'ledger',
    'locks',
    'notify',
    'people',
    'rulebook',
    'rules',
    'search',
    'errors',
  ],
  demo: ['action', 'errors', 'config'],
  server: null,
  cli: null,
}

const inSource = (room) => `^src/${room}/`

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'only-index-of-another-room',
      comment: 'Rooms meet at index.ts.',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/[^/]+/', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$', '^src/doors/[^/]+/index\\.ts$'] },
    },
    ...Object.entries(rooms)
      .filter(([, allowed]) => allowed !== null)
      .map(([room, allowed]) => ({
        name: `room-${room}`,
        severity: 'error',
        from: { path: inSource(room), pathNot: '\\.test\\.ts$' },
        to: { path: '^src/', pathNot: [inSource(room), ...allowed.map(inSource)] },
      })),
    {
      name: 'pure-core',
      comment: 'action/ does no I/O; rules/ reads files only in store.ts.',
      severity: 'error',
      from: { path: '^src/(action|rules)/', pathNot: ['\\.test\\.ts$', '^src/rules/store\\.ts$', '^src/rules/store/'] },
      to: { path: '^(node:)?(fs|net|http|https|child_process|worker_threads|dns|tls)' },
    },
    {
      name: 'no-development-packages-in-the-product',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-test-code-in-the-product',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { path: '^test/' },
    },
    {
      name: 'console-talks-to-the-api-only',
      severity: 'error',
      from: { path: '^console/' },
      to: { path: '^src/', dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
  },
}
