import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { full } from './support/full.ts'
import { runToEnd } from './support/run-to-end.ts'

// `npm run soak` for a short while; what it checks at the end is told in bench/soak.mjs. Needs the built program, as
// `npm test` makes it.

const script = fileURLToPath(new URL('../bench/soak.mjs', import.meta.url))

test.runIf(full)(
  'everything at once leaves nothing behind, and the record agrees with the server (slow: npm run test:full)',
  async () => {
    const { code, out, err } = await runToEnd(process.execPath, [script, '--seconds', '20'])
    const said = out + err
    expect(said).not.toContain('WRONG')
    expect(code, said).toBe(0)
    // It was not idle: each of these came about at least once.
    for (const what of ['held: ok', 'held: SP003', 'transaction: ', 'killed: ', 'cancelled: ', 'server lost: ']) {
      expect(said).toContain(what)
    }
    expect(said).toMatch(/intact: \d+ entries/)
  },
  180_000,
)
