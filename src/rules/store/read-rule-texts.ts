import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import { type Diagnostic, errorMessage } from '../../errors/index.ts'
import { maxFileBytes } from '../rule-file.ts'
import type { RuleText } from '../version.ts'

/** Deepest nesting of folders that is searched for rule files. */
const maxDepth = 16

/**
 * Reads every rule file (`*.yaml`, `*.yml`) of files and folders, folders with all below them. What cannot be read is
 * a diagnostic, never left out: a rule that is not there guards nothing.
 */
export async function readRuleTexts(paths: readonly string[]): Promise<RuleText[] | Diagnostic[]> {
  const texts = new Map<string, RuleText>()
  const diagnostics: Diagnostic[] = []
  for (const path of paths) {
    try {
      for (const found of await ruleFiles(path)) {
        const file = displayName(found)
        const real = await realpath(found)
        if (texts.has(real)) continue
        if ((await stat(found)).size > maxFileBytes) {
          diagnostics.push(unreadable(file, `larger than ${maxFileBytes} bytes`))
          continue
        }
        const text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(found))
        texts.set(real, { file, text })
      }
    } catch (thrown) {
      diagnostics.push(unreadable(displayName(path), `cannot be read: ${errorMessage(thrown)}`))
    }
  }
  return diagnostics.length > 0 ? diagnostics : [...texts.values()]
}

export function isRuleFile(path: string): boolean {
  return /\.ya?ml$/i.test(path)
}

async function ruleFiles(path: string, depth: number = 0): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path]
  if (depth > maxDepth) throw new Error(`folders nest deeper than ${maxDepth}`)
  const found: string[] = []
  for (const entry of await readdir(path, { withFileTypes: true })) {
    // Dot files are editors' swap files, version control, and the inner folders of mounted configuration.
    if (entry.name.startsWith('.')) continue
    const inner = join(path, entry.name)
    const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && (await stat(inner)).isDirectory())
    if (isFolder) found.push(...(await ruleFiles(inner, depth + 1)))
    else if (isRuleFile(entry.name)) found.push(inner)
  }
  return found
}

/** As a person would type it: relative to where the process runs if below it, with slashes. */
function displayName(path: string): string {
  const absolute = resolve(path)
  const below = relative(process.cwd(), absolute)
  return (below.startsWith('..') ? absolute : below).split(sep).join('/')
}

function unreadable(file: string, message: string): Diagnostic {
  return { severity: 'error', message, file, line: 1, column: 1 }
}
