import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { loadConfig } from '../src/config/index.ts'
import { nodeFiles, openFileLedger, signingKey, TransparencyLog } from '../src/ledger/index.ts'
import { openRuleStore } from '../src/rules/index.ts'
import { appendMany, ledgerFolder } from './support/ledger-folder.ts'

const examples = fileURLToPath(new URL('../examples', import.meta.url))

test.each(readdirSync(examples).filter((name) => name.endsWith('.yaml')))('the example %s loads', (name) => {
  expect(loadConfig(`${examples}/${name}`).doors.length).toBeGreaterThan(0)
})

test.each(readdirSync(`${examples}/rules`))('the rules of the example %s load, and their tests pass', async (name) => {
  const store = await openRuleStore({ paths: [`${examples}/rules/${name}`], rescan: 0 })
  expect(store.current().rules.length).toBeGreaterThan(0)
  await store.close()
})

const hasPython = spawnSync('python3', ['--version']).status === 0

test.skipIf(!hasPython)('a script in another language checks the public log (needs python3)', async () => {
  const directory = await ledgerFolder()
  const ledger = await openFileLedger({ directory })
  const signer = await signingKey(nodeFiles, directory)
  appendMany(ledger, 700)
  await ledger.flush()
  const log = await TransparencyLog.open({ files: nodeFiles, directory, entries: ledger, signer })
  await log.close()
  await ledger.close()
  const check = () =>
    spawnSync('python3', [`${examples}/verify-ledger.py`, directory, signer.verifier.key], { encoding: 'utf8' })
  expect(check()).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^intact: 700 entries[\s\S]*700 door\.closed/),
  })
  const path = join(directory, 'tile/entries/001')
  const bytes = readFileSync(path)
  bytes.write('Door', bytes.indexOf('door-'))
  writeFileSync(path, bytes)
  expect(check()).toMatchObject({ status: 1, stderr: expect.stringContaining('not what its entries make') })
})
