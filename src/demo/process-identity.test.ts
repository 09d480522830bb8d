import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Writable } from 'node:stream'
import { expect, it } from 'vitest'
import { isAlive, isPostgresIn, processBirth } from './process-identity.ts'

const withProc = existsSync('/proc/self/stat')

it('tells that a process that ended and was collected is not alive', async () => {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  expect(isAlive(process.pid)).toBe(true)
  expect(isAlive(child.pid ?? 0)).toBe(false)
})

it.runIf(withProc)('gives a process the same birth each time, and another process another', async () => {
  const mine = await processBirth(process.pid)
  expect(mine).toMatch(/^[0-9a-f-]{36}:\d+$/)
  expect(await processBirth(process.pid)).toBe(mine)
  expect(await processBirth(1)).not.toBe(mine)
})

it.runIf(withProc)('takes a zombie for dead, though its id still answers', async () => {
  // The shell starts a child that waits for a line, then becomes a sleep, which never collects it.
  const shell = spawn('sh', ['-c', 'read line <&3 & echo $!; exec sleep 30'], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  })
  try {
    const [text] = await once(shell.stdout?.setEncoding('utf8') ?? shell, 'data')
    const child = Number(text)
    await expect.poll(() => readFile(`/proc/${shell.pid}/comm`, 'utf8')).toBe('sleep\n')
    expect(await processBirth(child)).toMatch(/:\d+$/)
    const line = shell.stdio[3]
    if (line instanceof Writable) line.end('go\n')
    await expect.poll(() => processBirth(child)).toBe('dead')
    expect(isAlive(child)).toBe(true)
  } finally {
    shell.kill('SIGKILL')
    await once(shell, 'exit')
  }
})

it.runIf(withProc)('does not take a process for PostgreSQL because it works in the same folder', async () => {
  expect(await isPostgresIn(process.cwd(), process.pid)).toBe(false)
})
