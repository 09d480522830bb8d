import { dirname, join, resolve } from 'node:path'
import { type FSWatcher, watch } from 'chokidar'
import { type Diagnostic, errorMessage, SallyportError } from '../errors/index.ts'
import { type CompileOptions, compileRules } from './compile.ts'
import type { Judge } from './judge.ts'
import type { RuleSummary } from './rule.ts'
import { readRuleTexts } from './store/read-rule-texts.ts'
import type { RuleText } from './version.ts'
import type { Window } from './windows/window.ts'

/** Milliseconds of quiet after a change before rules are read: an editor writes in several steps. */
const defaultDebounce = 100
/** Milliseconds after which rules are read although changes keep coming. */
const longestDebounce = 1_000
/**
 * Milliseconds between looks at the files without being told of a change. File events get lost on network mounts, in
 * containers and when whole folders are swapped; a rule that was changed must not wait for a restart.
 */
const defaultRescan = 5_000

/** The rules in force. Immutable; a change makes a new one. */
export interface RulesInForce {
  readonly judge: Judge
  readonly files: readonly RuleText[]
  readonly rules: readonly RuleSummary[]
  readonly windows: readonly Window[]
}

/** Rules that were read and refused, with the texts that the diagnostics point into. */
export interface RefusedSet {
  readonly diagnostics: readonly Diagnostic[]
  readonly files: readonly RuleText[]
}

export interface RuleStoreOptions extends Pick<CompileOptions, 'allowEmpty'> {
  /** Rule files and folders of rule files. */
  readonly paths: readonly string[]
  /**
   * Called with rules that loaded and are to come into force, the first ones included; they do once this resolves. If
   * it rejects they are refused.
   */
  readonly prepare?: (next: RulesInForce) => Promise<void>
  /** New rules are in force. Not called for the first ones. */
  readonly onChange?: (now: RulesInForce, before: RulesInForce) => void
  /** What was read does not load; the rules in force stay. Called once for the same contents. */
  readonly onRefused?: (refused: RefusedSet) => void
  /** Milliseconds of quiet after a change before reading; default 100. */
  readonly debounce?: number
  /** Milliseconds between looks at the files whatever the watcher says; 0: never. Default 5000. */
  readonly rescan?: number
}

export interface RuleStore {
  current(): RulesInForce
  /** Reads the files now. Says what became of it; the callbacks are called as for a watched change. */
  reload(): Promise<{ readonly ok: true } | ({ readonly ok: false } & RefusedSet)>
  /** Stops watching. The last rules stay available. */
  close(): Promise<void>
}

/**
 * Reads rules from files, keeps watching them, and puts a changed set in force as a whole. A set that does not load
 * changes nothing: the last good one stays in force.
 * @throws SallyportError `rules_invalid` if the first set does not load.
 */
export async function openRuleStore(options: RuleStoreOptions): Promise<RuleStore> {
  const first = await load(options)
  if ('diagnostics' in first) {
    const count = first.diagnostics.length
    throw new SallyportError('rules_invalid', `The rules do not load: ${count} ${count === 1 ? 'error' : 'errors'}.`, {
      hint: 'correct the files named; `sallyport rules check` shows the same without starting',
      diagnostics: first.diagnostics,
    })
  }
  const store = new WatchedRules(options, first)
  await store.watch()
  return store
}

async function load(
  { paths, allowEmpty = false, prepare }: RuleStoreOptions,
  inForce?: string,
): Promise<RulesInForce | RefusedSet> {
  const files = await readRuleTexts(paths)
  if (isDiagnostics(files)) return { diagnostics: files, files: [] }
  const compiled = compileRules(files, { allowEmpty })
  if (!compiled.ok) return { diagnostics: compiled.diagnostics, files }
  const next = { judge: compiled.judge, files, rules: compiled.summaries, windows: compiled.windows }
  if (next.judge.version === inForce) return next
  try {
    await prepare?.(next)
    return next
  } catch (thrown) {
    const message = `the rules cannot come into force: ${errorMessage(thrown)}`
    const hint = 'they are tried again with the next change'
    return {
      diagnostics: [{ severity: 'error', message, hint, file: files[0]?.file ?? 'rules', line: 1, column: 1 }],
      files,
    }
  }
}

function isDiagnostics(read: RuleText[] | Diagnostic[]): read is Diagnostic[] {
  return read.some((item) => 'severity' in item)
}

class WatchedRules implements RuleStore {
  readonly #options: RuleStoreOptions
  #current: RulesInForce
  #watchers: FSWatcher[] = []
  #debounce: NodeJS.Timeout | undefined
  #rescan: NodeJS.Timeout | undefined
  /** When the first change came that has not been read. */
  #firstChange: number | undefined
  #closed = false
  /** Loads run one after the other: an older one that ends late must not undo a newer one. */
  #queue: Promise<unknown> = Promise.resolve()
  #lastRefused: string | undefined

  constructor(options: RuleStoreOptions, first: RulesInForce) {
    this.#options = options
    this.#current = first
  }

  current(): RulesInForce {
    return this.#current
  }

  reload(): ReturnType<RuleStore['reload']> {
    const result = this.#queue.then(() => this.#load())
    this.#queue = result.catch(() => undefined)
    return result
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#debounce)
    clearInterval(this.#rescan)
    await Promise.all(this.#watchers.map((watcher) => watcher.close()))
    await this.#queue
  }

  /** Resolves once the watchers are ready, so that no change after this is missed. */
  async watch(): Promise<void> {
    const { paths, rescan = defaultRescan } = this.#options
    await Promise.all(paths.map((path) => this.#watchPath(resolve(path))))
    if (rescan > 0) this.#rescan = setInterval(() => this.#reloadQuietly(), rescan).unref()
    // What changed between the first reading and the watchers being ready.
    await this.reload()
  }

  /**
   * Watches the folder around a path, too: editors replace a file by renaming another over it, and configuration is
   * often mounted by swapping a link; a watch on the file itself would go on looking at the old one.
   */
  async #watchPath(path: string): Promise<void> {
    const around = dirname(path)
    const watcher = watch([around, path], {
      ignoreInitial: true,
      atomic: false,
      ignored: (seen) => seen !== around && seen !== path && !seen.startsWith(`${path}/`),
    })
    this.#watchers.push(watcher)
    watcher.on('all', () => this.#soon())
    // Chokidar drops a second change of a path within 50 ms, and a second removal within 100 ms (`_throttle` in its
    // source). The raw events are all there are; those of the folder around say which of its members they mean.
    watcher.on('raw', (_, name, details) => {
      const ofAround = typeof details === 'object' && details !== null && Reflect.get(details, 'watchedPath') === around
      // Some file systems do not say which.
      if (!ofAround || typeof name !== 'string' || join(around, name) === path) this.#soon()
    })
    // A watcher that fails leaves the rescan, which finds the same changes a little later.
    watcher.on('error', () => this.#soon())
    await new Promise<void>((ready) => watcher.once('ready', () => ready()))
  }

  #soon(): void {
    if (this.#closed) return
    clearTimeout(this.#debounce)
    const now = performance.now()
    this.#firstChange ??= now
    const left = this.#firstChange + longestDebounce - now
    const wait = Math.max(0, Math.min(left, this.#options.debounce ?? defaultDebounce))
    this.#debounce = setTimeout(() => {
      this.#firstChange = undefined
      this.#reloadQuietly()
    }, wait)
  }

  #reloadQuietly(): void {
    if (!this.#closed) void this.reload()
  }

  async #load(): Promise<{ readonly ok: true } | ({ readonly ok: false } & RefusedSet)> {
    const loaded = await load(this.#options, this.#current.judge.version)
    if ('diagnostics' in loaded) {
      const fingerprint = JSON.stringify(loaded)
      if (fingerprint !== this.#lastRefused && !this.#closed) this.#options.onRefused?.(loaded)
      this.#lastRefused = fingerprint
      return { ok: false, ...loaded }
    }
    this.#lastRefused = undefined
    const before = this.#current
    if (loaded.judge.version !== before.judge.version && !this.#closed) {
      this.#current = loaded
      this.#options.onChange?.(loaded, before)
    }
    return { ok: true }
  }
}
