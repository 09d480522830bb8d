import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { errorMessage } from '../errors/index.ts'
import type { Log } from './channel.ts'
import type { HoldNoticeType } from './notice.ts'

const fileSchema = z.strictObject({
  version: z.literal(1),
  /** By hold, then by `<channel> <type>`: when it arrived, RFC 3339. */
  told: z.record(z.string(), z.record(z.string(), z.string())),
})

/**
 * Which channels have been told what of the holds that are not over. What is to be told comes from the ledger; this
 * only says what need not be told again after a restart. Without the file, or with an old one, people are told twice,
 * never not at all.
 */
export class Told {
  readonly #path: string
  readonly #log: Log
  /** When it arrived, in milliseconds; null: it is on its way. */
  readonly #told = new Map<string, Map<string, number | null>>()
  #isDirty = false
  #writing: Promise<void> | undefined

  private constructor(path: string, log: Log) {
    this.#path = path
    this.#log = log
  }

  /** Reads the file, if there is one that can be read. */
  static async open(path: string, log: Log): Promise<Told> {
    const told = new Told(path, log)
    await told.#read()
    return told
  }

  /** Whether it has been told, or is on its way. */
  has(hold: string, channel: string, type: HoldNoticeType): boolean {
    return this.#told.get(hold)?.has(keyOf(channel, type)) === true
  }

  /** When it arrived, in milliseconds since 1970; undefined: it has not. */
  at(hold: string, channel: string, type: HoldNoticeType): number | undefined {
    return this.#told.get(hold)?.get(keyOf(channel, type)) ?? undefined
  }

  /** @param at when it arrived; null: it is on its way, which is not kept over a restart */
  set(hold: string, channel: string, type: HoldNoticeType, at: number | null): void {
    const told = this.#told.get(hold) ?? new Map<string, number | null>()
    this.#told.set(hold, told)
    told.set(keyOf(channel, type), at)
    if (at !== null) this.#write()
  }

  /** Nothing more is told of these. */
  keepOnly(isNeeded: (hold: string) => boolean): void {
    for (const hold of this.#told.keys()) if (!isNeeded(hold)) this.forget(hold)
  }

  forget(hold: string): void {
    if (this.#told.delete(hold)) this.#write()
  }

  /** Resolves when what was set before is in the file, or could not be written. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  #write(): void {
    this.#isDirty = true
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined
      if (this.#isDirty) this.#write()
    })
  }

  async #writeAll(): Promise<void> {
    // What changes in the same turn goes into one file.
    await Promise.resolve()
    this.#isDirty = false
    const told = Object.fromEntries(
      [...this.#told].map(([hold, keys]) => {
        const arrived = [...keys].flatMap(([key, at]) =>
          at === null ? [] : [[key, new Date(at).toISOString()] as const],
        )
        return [hold, Object.fromEntries(arrived)]
      }),
    )
    try {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
      await writeFile(`${this.#path}.new`, `${JSON.stringify({ version: 1, told }, null, 2)}\n`, { mode: 0o600 })
      await rename(`${this.#path}.new`, this.#path)
    } catch (error) {
      this.#log('notify_state_not_written', { error: errorMessage(error) })
    }
  }

  async #read(): Promise<void> {
    let text: string
    try {
      text = await readFile(this.#path, 'utf8')
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) {
        this.#log('notify_state_not_read', { error: errorMessage(error) })
      }
      return
    }
    try {
      for (const [hold, keys] of Object.entries(fileSchema.parse(JSON.parse(text)).told)) {
        this.#told.set(hold, new Map(Object.entries(keys).map(([key, at]) => [key, Date.parse(at)])))
      }
    } catch {
      this.#log('notify_state_not_read', { error: 'the file is damaged: people are told again' })
    }
  }
}

function keyOf(channel: string, type: HoldNoticeType): string {
  return `${channel} ${type}`
}
