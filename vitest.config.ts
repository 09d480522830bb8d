import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'console/src/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ['default', './test/support/not-run-reporter.ts'],
    pool: 'forks',
    // Files of one worker share their modules: importing PostgreSQL's grammars and the console anew for each took longer than
    // the tests. So nothing that a module keeps may be left changed by a test.
    isolate: false,
    execArgv: ['--import', new URL('./test/support/typescript-in-workers.mjs', import.meta.url).href],
    maxWorkers: 3,
  },
})
