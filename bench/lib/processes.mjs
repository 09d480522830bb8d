import { spawn } from 'node:child_process'
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** Clock ticks a second in /proc/[pid]/stat: USER_HZ, 100 on every Linux that Node runs on. */
const ticksPerSecond = 100

/** @param {string} name @returns {string | undefined} where PATH, the sbin folders or Debian's PostgreSQL folders have it */
export function findProgram(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  try {
    const majors = readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a))
    folders.push(...majors.map((major) => join('/usr/lib/postgresql', major, 'bin')))
  } catch {
    // No Debian PostgreSQL.
  }
  return folders
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

/** @returns {Promise<number>} a port on 127.0.0.1 that was free a moment ago */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}

/**
 * Runs a program to its end.
 * @param {string} path
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<{ code: number | null, stdout: string, stderr: string }>}
 */
export async function run(path, args, options = {}) {
  const child = spawn(path, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { code, stdout, stderr }
}

/**
 * Starts a server that stays until stopped. What it prints is kept for the error message if it ends early.
 * @param {string} path
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 */
export async function startServer(path, args, options = {}) {
  // In a session of its own, so that Ctrl-C reaches this script alone and it can stop things in order.
  const child = spawn(path, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let tail = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      tail = (tail + chunk).slice(-4000)
    })
  }
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
  let ended = false
  const exited = new Promise((resolve) => {
    child.once('exit', () => {
      ended = true
      resolve(undefined)
    })
  })
  return {
    pid: child.pid ?? 0,
    ended: () => ended,
    output: () => tail.trim(),
    async stop() {
      for (const [signal, wait] of /** @type {const} */ ([
        ['SIGTERM', 10_000],
        ['SIGKILL', 5_000],
      ])) {
        if (ended) return
        child.kill(signal)
        await Promise.race([exited, delay(wait, undefined, { ref: false })])
      }
    },
  }
}

/**
 * Processor seconds, user and system, that a process and its living descendants have used so far (proc(5)).
 * @param {number} root
 * @returns {number} NaN where there is no /proc
 */
export function cpuSeconds(root) {
  /** @type {Map<number, { parent: number, ticks: number }>} */
  const processes = new Map()
  try {
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        processes.set(Number(name), { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) })
      } catch {
        // It ended while we were looking.
      }
    }
  } catch {
    return Number.NaN
  }
  const isWithin = (/** @type {number} */ pid) => {
    for (let at = pid; at > 0; at = processes.get(at)?.parent ?? 0) if (at === root) return true
    return false
  }
  let ticks = 0
  for (const [pid, { ticks: used }] of processes) if (isWithin(pid)) ticks += used
  return ticks / ticksPerSecond
}
