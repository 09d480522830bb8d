import { readdirSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** Module hooks (node:module). */

const src = new URL('../../src/', import.meta.url).href
const dist = new URL('../../dist/', import.meta.url).href

/** A thread that starts from a source starts from what was built of it, where that is newer than every source. */
export async function resolve(specifier, context, next) {
  if (context.parentURL === undefined && specifier.startsWith(src) && specifier.endsWith('.ts')) {
    const built = dist + specifier.slice(src.length).replace(/\.ts$/, '.js')
    if (isFresh(built)) return { url: built, format: 'module', shortCircuit: true }
  }
  return next(specifier, context)
}

/** TypeScript without its types. The compiler, which takes seconds, is loaded only where it is needed. */
export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts') || url.includes('/node_modules/')) return next(url, context)
  const { default: ts } = await import('typescript')
  const { outputText } = ts.transpileModule(await readFile(fileURLToPath(url), 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  })
  return { format: 'module', shortCircuit: true, source: outputText }
}

function isFresh(built) {
  const at = statSync(fileURLToPath(built), { throwIfNoEntry: false })?.mtimeMs
  if (at === undefined) return false
  const folder = fileURLToPath(src)
  return readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .every((file) => statSync(`${folder}/${file}`).mtimeMs <= at)
}
