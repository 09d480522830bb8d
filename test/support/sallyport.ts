import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The built command; `npm test` builds before it tests. */
export const builtCli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export interface CliResult {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function start(args: readonly string[]): ChildProcess {
  if (!existsSync(builtCli)) throw new Error(`${builtCli} is not there: run npm run build`)
  return spawn(process.execPath, [builtCli, ...args], { env: { ...process.env, NO_COLOR: '1' } })
}

/** Runs one command to its end. */
export async function sallyport(args: readonly string[], stdin: string = ''): Promise<CliResult> {
  const child = start(args)
  const collected = collect(child)
  child.stdin?.end(stdin)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, out: collected.out(), err: collected.err() }
}

export interface RunningCli {
  readonly pid: number | undefined
  /** Everything printed so far, once `pattern` is among it. */
  printed(pattern: RegExp): Promise<RegExpExecArray>
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<CliResult>
}

/** Starts a command that stays. */
export function sallyportRunning(args: readonly string[]): RunningCli {
  const child = start(args)
  const collected = collect(child)
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  return {
    pid: child.pid,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(collected.out())
          if (found !== null) resolve(found)
          return found !== null
        }
        if (look()) return
        child.stdout?.on('data', look)
        closed.then((code) => {
          if (!look()) reject(new Error(`ended with ${code} before ${pattern}: ${collected.out()}${collected.err()}`))
        })
      }),
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal)
      const code = await closed
      return { code, out: collected.out(), err: collected.err() }
    },
  }
}

function collect(child: ChildProcess) {
  let out = ''
  let err = ''
  child.stdout?.on('data', (chunk) => {
    out += chunk
  })
  child.stderr?.on('data', (chunk) => {
    err += chunk
  })
  return { out: () => out, err: () => err }
}
