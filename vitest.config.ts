import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'console/src/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ['default', './test/support/not-run-reporter.ts'],
    pool: 'forks',
    execArgv: ['--import', new URL('./test/support/typescript-in-workers.mjs', import.meta.url).href],
    maxWorkers: 2,
  },
})
