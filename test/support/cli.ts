import type { CliIo } from '../../src/cli/index.ts'
import { runCli } from '../../src/cli/index.ts'

/** What a command left behind. */
export interface CliRun {
  readonly code: number
  readonly out: string
  readonly err: string
  readonly requests: readonly { url: string; init: RequestInit }[]
}

export interface CliSurroundings {
  readonly stdin?: string
  readonly env?: Record<string, string>
  readonly answer?: () => Response
  /** What is typed at a terminal, question by question; left out: there is none. */
  readonly typed?: readonly string[]
}

/** Runs a command line within this process. */
export async function runLine(
  args: string[],
  { stdin = '', env = {}, answer, typed }: CliSurroundings = {},
): Promise<CliRun> {
  let out = ''
  let err = ''
  const requests: { url: string; init: RequestInit }[] = []
  const io: CliIo = {
    stdin: (async function* () {
      yield stdin
    })(),
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    env,
    fetch: async (url, init = {}) => {
      requests.push({ url: String(url), init })
      if (!answer) throw new TypeError('fetch failed')
      return answer()
    },
    color: false,
    ...(typed === undefined ? {} : { ask: asker(typed, (prompt) => (err += prompt)) }),
  }
  const code = await runCli(args, io)
  return { code, out, err, requests }
}

function asker(typed: readonly string[], show: (prompt: string) => void): (prompt: string) => Promise<string> {
  const answers = [...typed]
  return async (prompt) => {
    show(`${prompt}\n`)
    return answers.shift() ?? ''
  }
}
