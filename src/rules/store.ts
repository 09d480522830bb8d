import { dirname, join, resolve } from 'node:path'
import { type FSWatcher, watch } from 'chokidar'
import { type Diagnostic, errorMessage, SallyportError } from '../errors/index.ts'
import type { CompileOptions } from './compile.ts'
import { readRuleTexts } from './store/read-rule-texts.ts'
import { type RefusedSet, type RulesInForce, readyRules } from './store/ready-rules.ts'
import type { RuleReading, RuleSource } from './store/rule-source.ts'
import type { RuleText } from './version.ts'

/** Milliseconds of quiet after a change before rules are read: an editor writes in several steps. */
const defaultDebounce = 100
/** Milliseconds after which rules are read although changes keep coming. */
const longestDebounce = 1_000
/**
 * Milliseconds between looks at the files without being told of a change. File events get lost on network mounts, in
 * containers and when whole folders are swapped; a rule that was changed must not wait for a restart.
 */
const defaultRescan = 5_000

export interface RuleStoreOptions extends Pick<CompileOptions, 'allowEmpty'> {
  /** Rule files and folders of rule files. */
  readonly paths: readonly string[]
  /** Where files come from in the place of `paths`. */
  readonly source?: RuleSource
  /**
   * Files were read that load and differ from those read before: says what is to be in force. They themselves, others
   * (at the start, where somebody decided so), or, with undefined, what is in force anyway. Default: they themselves.
   * If it rejects they are refused.
   */
  readonly admit?: (read: RulesInForce, inForce: RulesInForce | undefined) => Promise<RulesInForce | undefined>
  /**
   * Called with rules that loaded and are to come into force, the first ones included; they do once this resolves. If
   * it rejects they are refused.
   */
  readonly prepare?: (next: RulesInForce) => Promise<void>
  /** New rules are in force. Not called for the first ones. */
  readonly onChange?: (now: RulesInForce, before: RulesInForce) => void
  /** Files load again that were in force all along, after others that did not. */
  readonly onMended?: () => void
  /** What was read does not load; the rules in force stay. Called once for the same contents. */
  readonly onRefused?: (refused: RefusedSet) => void
  /** Milliseconds of quiet after a change before reading; default 100. */
  readonly debounce?: number
  /** Milliseconds between looks at the files whatever the watcher says; 0: never. Default 5000. */
  readonly rescan?: number
}

export interface RuleStore {
  current(): RulesInForce
  /** The version of the files that were read last and load; not in force where `admit` said otherwise. */
  readonly filesVersion: string
  /**
   * Puts rules in force that did not come from the files, as a whole. They stay until the files change.
   * @param decided called when all is ready; they are in force once it resolves, and not at all if it rejects
   */
  replace(next: RulesInForce, decided: () => Promise<void>): Promise<void>
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
  const read = await readFiles(options)
  const first = 'diagnostics' in read ? read : await admitted(options, read, undefined)
  if ('diagnostics' in read || 'diagnostics' in first) {
    const diagnostics = 'diagnostics' in first ? first.diagnostics : []
    const count = diagnostics.length
    throw new SallyportError('rules_invalid', `The rules do not load: ${count} ${count === 1 ? 'error' : 'errors'}.`, {
      hint: 'correct the files named; `sallyport rules check` shows the same without starting',
      diagnostics,
    })
  }
  const store = new WatchedRules(options, first, read.judge.version)
  await store.watch()
  return store
}

async function readFiles({ paths, source, allowEmpty = false }: RuleStoreOptions): Promise<RulesInForce | RefusedSet> {
  const read = source === undefined ? readingOf(await readRuleTexts(paths)) : await source.read()
  if ('diagnostics' in read) return { diagnostics: read.diagnostics, files: [] }
  const ready = readyRules(read.files, { allowEmpty })
  return 'diagnostics' in ready || read.commit === undefined ? ready : { ...ready, commit: read.commit }
}

function readingOf(read: RuleText[] | Diagnostic[]): RuleReading {
  return isDiagnostics(read) ? { diagnostics: read } : { files: read }
}

/** What is to be in force now that files were read, made ready. */
async function admitted(
  { admit, prepare }: RuleStoreOptions,
  read: RulesInForce,
  inForce: RulesInForce | undefined,
): Promise<RulesInForce | RefusedSet> {
  try {
    const next = admit === undefined ? read : ((await admit(read, inForce)) ?? inForce ?? read)
    if (next !== inForce) await prepare?.(next)
    return next
  } catch (thrown) {
    const message = `the rules cannot come into force: ${errorMessage(thrown)}`
    const hint = 'they are tried again with the next change'
    const file = read.files[0]?.file ?? 'rules'
    return { diagnostics: [{ severity: 'error', message, hint, file, line: 1, column: 1 }], files: read.files }
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
  #filesVersion: string

  constructor(options: RuleStoreOptions, first: RulesInForce, filesVersion: string) {
    this.#options = options
    this.#current = first
    this.#filesVersion = filesVersion
  }

  get filesVersion(): string {
    return this.#filesVersion
  }

  current(): RulesInForce {
    return this.#current
  }

  async reload(): ReturnType<RuleStore['reload']> {
    // Outside the queue: who rolls back in an emergency does not wait for a network.
    await this.#options.source?.refresh()
    const result = this.#queue.then(() => this.#load())
    this.#queue = result.catch(() => undefined)
    return result
  }

  replace(next: RulesInForce, decided: () => Promise<void>): Promise<void> {
    const result = this.#queue.then(async () => {
      if (this.#closed) throw new SallyportError('unsupported', 'The rules are closed.')
      await this.#options.prepare?.(next)
      await decided()
      this.#swap(next)
    })
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
    const { paths, source, rescan = defaultRescan } = this.#options
    if (source === undefined) await Promise.all(paths.map((path) => this.#watchPath(resolve(path))))
    if (rescan > 0) this.#rescan = setInterval(() => this.#reloadQuietly(), rescan).unref()
    // What changed between the first reading and the watchers being ready.
    if (source === undefined) await this.reload()
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
    const read = await readFiles(this.#options)
    if ('diagnostics' in read) return this.#refuse(read)
    const isNew = read.judge.version !== this.#filesVersion
    const next = isNew ? await admitted(this.#options, read, this.#current) : this.#current
    if ('diagnostics' in next) return this.#refuse(next)
    const wasRefused = this.#lastRefused !== undefined
    this.#lastRefused = undefined
    this.#filesVersion = read.judge.version
    if (next.judge.version !== this.#current.judge.version) this.#swap(next)
    else if (wasRefused && !this.#closed) this.#options.onMended?.()
    return { ok: true }
  }

  #refuse(refused: RefusedSet): { readonly ok: false } & RefusedSet {
    const fingerprint = JSON.stringify(refused)
    if (fingerprint !== this.#lastRefused && !this.#closed) this.#options.onRefused?.(refused)
    this.#lastRefused = fingerprint
    return { ok: false, ...refused }
  }

  /** One assignment: whoever asks before it is judged by the old rules, whoever asks after it by the new. */
  #swap(next: RulesInForce): void {
    if (this.#closed) return
    const before = this.#current
    this.#current = next
    if (next.judge.version !== before.judge.version) this.#options.onChange?.(next, before)
  }
}
