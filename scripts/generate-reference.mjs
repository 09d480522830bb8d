// Writes docs/reference/*.md from the built program: `node scripts/generate-reference.mjs`.
// With --check it writes nothing and fails where a page differs from what the program says.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import process from 'node:process'

const dist = new URL('../dist/', import.meta.url)
const folder = new URL('../docs/reference/', import.meta.url)
const load = (path) => import(new URL(path, dist).href)

const [{ configReference }, { cliReference, actionReference, rulesReference, errorsReference }] = await Promise.all([
  load('config/index.js'),
  load('cli/index.js'),
])

const pages = {
  'config.md': configReference(),
  'cli.md': cliReference(),
  'action.md': actionReference(),
  'rules.md': rulesReference(),
  'errors.md': errorsReference(),
}
const note = '<!-- Made by scripts/generate-reference.mjs from the source; changes made here are lost. -->\n\n'

const check = process.argv.includes('--check')
const stale = []
await mkdir(folder, { recursive: true })
for (const [name, text] of Object.entries(pages)) {
  const file = new URL(name, folder)
  const wanted = note + text
  const found = await readFile(file, 'utf8').catch(() => undefined)
  if (found === wanted) continue
  if (check) stale.push(`docs/reference/${name}`)
  else await writeFile(file, wanted)
}
if (stale.length > 0) {
  console.error(`Out of date: ${stale.join(', ')}\nRun: npm run build:server && node scripts/generate-reference.mjs`)
  process.exitCode = 1
}
