import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { promisify } from 'node:util'
import { type Diagnostic, errorMessage, SallyportError } from '../../errors/index.ts'
import { maxFileBytes } from '../rule-file.ts'
import { isRuleFile } from './read-rule-texts.ts'
import type { RuleReading, RuleSource } from './rule-source.ts'

const run = promisify(execFile)

/** Milliseconds that one git command may take; a fetch that hangs is tried again. */
const commandTimeout = 20_000
/** Bytes that git may print: every rule file there can be, with room to spare. */
const mostOutput = 64 * 1024 * 1024

export interface GitRulesOptions {
  /** Whatever `git fetch` takes: https, ssh, git and file URLs, or a path. */
  readonly url: string
  readonly branch: string
  /** Folder in the repository; empty: all of it. */
  readonly folder: string
  /** Where the repository is kept between starts; made if it is not there. */
  readonly mirror: string
}

/** Where the branch stood when it was fetched last. */
const fetched = 'refs/sallyport/rules'

/**
 * Rules from a branch of a git repository. Fetched into a bare repository and read from its objects: nothing is ever
 * checked out, so no hook, filter or link of the repository comes to act.
 */
export class GitRules implements RuleSource {
  readonly #options: GitRulesOptions
  #problem: string | undefined
  #refreshing: Promise<void> | undefined

  private constructor(options: GitRulesOptions) {
    this.#options = options
  }

  /**
   * Fetches the branch. Where that fails, what was fetched before is there still.
   * @throws SallyportError `rules_invalid` where nothing was ever fetched, or git is not installed
   */
  static async open(options: GitRulesOptions): Promise<GitRules> {
    const rules = new GitRules(options)
    try {
      await mkdir(options.mirror, { recursive: true })
      await rules.#git('init', '--quiet', '--bare', '.')
    } catch (cause) {
      throw new SallyportError('rules_invalid', `The rules cannot be read with git: ${errorMessage(cause)}`, {
        hint: 'git must be installed, and the data folder writable',
        cause,
      })
    }
    await rules.refresh()
    if (rules.#problem !== undefined && (await rules.#commit()) === undefined) {
      throw new SallyportError('rules_invalid', rules.#problem, { hint: 'check rulesGit.url and rulesGit.branch' })
    }
    // What was fetched before is enough to start with; if the next fetch fails too, people hear of it.
    rules.#problem = undefined
    return rules
  }

  /** One fetch at a time: who asks meanwhile gets the one under way. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#fetch().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  async #fetch(): Promise<void> {
    const { url, branch } = this.#options
    try {
      await this.#git('fetch', '--quiet', '--no-tags', '--depth=1', '--', url, `+refs/heads/${branch}:${fetched}`)
      this.#problem = undefined
    } catch (thrown) {
      this.#problem = `The branch ${branch} cannot be fetched: ${saidByGit(thrown)}`
    }
  }

  async read(): Promise<RuleReading> {
    if (this.#problem !== undefined) return { diagnostics: [problem('rulesGit', this.#problem)] }
    try {
      const commit = await this.#commit()
      if (commit === undefined) return { diagnostics: [problem('rulesGit', 'nothing has been fetched yet')] }
      return await this.#readCommit(commit)
    } catch (thrown) {
      return { diagnostics: [problem('rulesGit', `cannot be read: ${saidByGit(thrown)}`)] }
    }
  }

  async #readCommit(commit: string): Promise<RuleReading> {
    const { folder } = this.#options
    const listed = await this.#git('ls-tree', '-r', '-l', '-z', commit, '--', ...(folder === '' ? [] : [`${folder}/`]))
    const diagnostics: Diagnostic[] = []
    const files: { file: string; text: string }[] = []
    for (const line of listed.toString('utf8').split('\0')) {
      const [, mode = '', object = '', size = '', file = ''] =
        /^(\d+) \w+ ([0-9a-f]+) +(\d+|-)\t(.*)$/s.exec(line) ?? []
      // Dot files and folders are left out as on a disk.
      if (!isRuleFile(file) || file.split('/').some((part) => part.startsWith('.'))) continue
      // A link would be read as its target's name: say so instead of guarding with less than was meant.
      if (!mode.startsWith('100')) diagnostics.push(problem(file, 'is no ordinary file in the repository'))
      else if (Number(size) > maxFileBytes) diagnostics.push(problem(file, `larger than ${maxFileBytes} bytes`))
      else files.push({ file, text: await this.#text(object) })
    }
    return diagnostics.length > 0 ? { diagnostics } : { files, commit }
  }

  async #text(object: string): Promise<string> {
    return new TextDecoder('utf-8', { fatal: true }).decode(await this.#git('cat-file', 'blob', object))
  }

  async #commit(): Promise<string | undefined> {
    const found = await this.#git('for-each-ref', '--format=%(objectname)', fetched)
    return found.toString('utf8').trim() || undefined
  }

  async #git(...words: string[]): Promise<Buffer> {
    const { stdout } = await run('git', words, {
      cwd: this.#options.mirror,
      encoding: 'buffer',
      timeout: commandTimeout,
      maxBuffer: mostOutput,
      // Never asks, and no transport that runs a command of the URL's choosing (gitremote-helpers: ext).
      env: { ...process.env, GIT_DIR: '.', GIT_TERMINAL_PROMPT: '0', GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh' },
    })
    return stdout
  }
}

/** What git printed, in one line, without what may be a password in an address. */
function saidByGit(thrown: unknown): string {
  const printed = thrown instanceof Error && 'stderr' in thrown ? String(thrown.stderr).trim() : ''
  const said = printed === '' ? errorMessage(thrown) : printed
  return said
    .replace(/\/\/[^/@\s]*@/g, '//…@')
    .replace(/\s+/g, ' ')
    .slice(0, 500)
}

function problem(file: string, message: string): Diagnostic {
  return { severity: 'error', message, file, line: 1, column: 1 }
}
