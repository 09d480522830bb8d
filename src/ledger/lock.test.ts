import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { appendMany, ledgerFolder } from '../../test/support/ledger-folder.ts'
import { type LedgerState, openFileLedger } from './index.ts'
import { isLedgerInUse, LedgerLock } from './lock.ts'

async function emptyFolder(): Promise<string> {
  const directory = await ledgerFolder()
  await mkdir(directory, { recursive: true })
  return directory
}

/** A process that lives until the test kills it. */
function sleeper() {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' })
  const killed = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }
  onTestFinished(killed)
  return { pid: child.pid ?? 0, killed }
}

const gone = { pid: process.pid, birth: 'another boot:12345', host: hostname(), nonce: 'other' }

async function writeLock(directory: string, lock: Record<string, unknown>): Promise<void> {
  const holder = { pid: process.pid, birth: '', host: hostname(), nonce: 'other', ...lock }
  await writeFile(join(directory, 'lock.1'), JSON.stringify(holder))
}

describe('the lock', () => {
  it('keeps a second opener out, names the process, and lets it in after close', async () => {
    const directory = await ledgerFolder()
    const first = await openFileLedger({ directory, segmentBytes: 4096 })
    await expect(openFileLedger({ directory, segmentBytes: 4096 })).rejects.toMatchObject({
      code: 'ledger_locked',
      message: expect.stringContaining(`process ${process.pid}`),
      hint: expect.any(String),
    })
    await first.append('door.closed', { door: 'still works' }).durable
    await first.close()
    await (await openFileLedger({ directory, segmentBytes: 4096 })).close()
  })

  it('keeps out while the other process lives, and is taken over when it was killed', async () => {
    const directory = await emptyFolder()
    const other = sleeper()
    await writeLock(directory, { pid: other.pid })
    expect(await isLedgerInUse(directory)).toBe(true)
    await expect(LedgerLock.acquire(directory)).rejects.toMatchObject({
      code: 'ledger_locked',
      message: expect.stringContaining(`process ${other.pid}`),
    })
    await other.killed()
    expect(await isLedgerInUse(directory)).toBe(false)
    const lock = await LedgerLock.acquire(directory)
    expect(await lock.isHeld()).toBe(true)
    await lock.release()
    expect(await readdir(directory)).toEqual(['lock.2'])
    expect(await isLedgerInUse(directory)).toBe(false)
  })

  it.runIf(process.platform === 'linux')('is taken over when the pid now belongs to another process', async () => {
    const directory = await emptyFolder()
    await writeLock(directory, gone)
    const lock = await LedgerLock.acquire(directory)
    expect(await lock.isHeld()).toBe(true)
  })

  it('is left to a person when it was taken on another host, or cannot be read', async () => {
    const directory = await emptyFolder()
    await writeLock(directory, { host: 'elsewhere.example', pid: 999_999_999 })
    await expect(LedgerLock.acquire(directory)).rejects.toMatchObject({
      code: 'ledger_locked',
      message: expect.stringContaining('elsewhere.example'),
      hint: expect.stringContaining('remove the lock file'),
    })
    await writeFile(join(directory, 'lock.1'), 'not json')
    await expect(LedgerLock.acquire(directory)).rejects.toMatchObject({ code: 'ledger_locked' })
    expect(await readFile(join(directory, 'lock.1'), 'utf8')).toBe('not json')
  })

  it('goes to exactly one of many who see the same dead holder', async () => {
    const directory = await emptyFolder()
    await writeLock(directory, gone)
    for (let round = 2; round < 42; round++) {
      const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => LedgerLock.acquire(directory)))
      const won = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []))
      expect(won).toHaveLength(1)
      expect(await won[0]?.isHeld()).toBe(true)
      expect(await readdir(directory)).toEqual([`lock.${round}`])
      // Free again, or of a holder that is gone.
      if (round % 2 === 0) await won[0]?.release()
      else await writeFile(join(directory, `lock.${round}`), JSON.stringify(gone))
    }
  })

  it('stops a ledger that has lost it, for good', async () => {
    const directory = await ledgerFolder()
    const states: LedgerState[] = []
    let failed: () => void = () => undefined
    const failing = new Promise<void>((resolve) => {
      failed = resolve
    })
    const ledger = await openFileLedger({
      directory,
      segmentBytes: 4096,
      headEveryMs: 1,
      retryMs: 1,
      onState: (state) => {
        states.push(state)
        if (state === 'failed') failed()
      },
    })
    await rm(join(directory, 'lock.1'))
    const usurper = await openFileLedger({ directory, segmentBytes: 4096 })
    appendMany(ledger, 1)
    await failing
    expect(() => appendMany(ledger, 1)).toThrow(expect.objectContaining({ code: 'ledger_unavailable' }))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(states).toEqual(['failed'])
    await ledger.close()
    expect(await isLedgerInUse(directory)).toBe(true)
    await usurper.close()
  })
})
