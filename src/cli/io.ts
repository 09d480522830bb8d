import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { createColors } from 'picocolors'

/** What the command reads and writes: the process's own, or a test's. */
export interface CliIo {
  readonly stdin: AsyncIterable<Uint8Array | string>
  /** Asks at the terminal; left out: there is none. */
  readonly ask?: (prompt: string) => Promise<string>
  /** Asks at the terminal and does not show what is typed; left out: there is no terminal. */
  readonly askHidden?: (prompt: string) => Promise<string>
  readonly out: (text: string) => void
  /** Waits until what was given to `out` is on its way; not given: it always is. */
  readonly drained?: () => Promise<void>
  readonly err: (text: string) => void
  readonly env: Readonly<Record<string, string | undefined>>
  readonly fetch: typeof fetch
  /** Whether standard output shows colours. */
  readonly color: boolean
}

export function processIo(): CliIo {
  const { env, stdin, stdout, stderr } = process
  return {
    stdin,
    ...(stdin.isTTY ? { ask: (prompt) => askOn(stderr, prompt), askHidden } : {}),
    out: (text) => void stdout.write(text),
    drained: async () => {
      if (stdout.writableNeedDrain) await once(stdout, 'drain')
    },
    err: (text) => void stderr.write(text),
    env,
    fetch: globalThis.fetch,
    // https://no-color.org: set and not empty
    color: !env.NO_COLOR && (stdout.isTTY === true || Boolean(env.FORCE_COLOR)),
  }
}

/** The end of input (Ctrl-D) is an empty answer. */
async function askOn(output: NodeJS.WritableStream, prompt: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 })
  // At a terminal in raw mode Ctrl-C is a key like any other.
  lines.on('SIGINT', () => process.exit(130))
  try {
    return await Promise.race([lines.question(prompt), once(lines, 'close').then(() => '')])
  } finally {
    lines.close()
  }
}

async function askHidden(prompt: string): Promise<string> {
  process.stderr.write(prompt)
  try {
    return await askOn(new Writable({ write: (_piece, _encoding, done) => done() }), '')
  } finally {
    process.stderr.write('\n')
  }
}

export type Colors = ReturnType<typeof createColors>

export function colorsOf(io: CliIo): Colors {
  return createColors(io.color)
}

/** Most bytes taken from standard input. */
const maxInput = 64 * 1024 * 1024

/** All of standard input as text. @throws RangeError beyond 64 MiB, TypeError where it is not UTF-8 */
export async function readInput(io: CliIo): Promise<string> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of io.stdin) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
    size += bytes.length
    if (size > maxInput) throw new RangeError(`standard input is longer than ${maxInput} bytes`)
    pieces.push(bytes)
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces))
}

export function printJson(io: CliIo, value: unknown): void {
  io.out(`${JSON.stringify(value, null, 2)}\n`)
}
