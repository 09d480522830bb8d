import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bundle } from '../../test/support/bundle.ts'
import { collect, ledgerFolder } from '../../test/support/ledger-folder.ts'
import { openFileLedger, readLedger, verifyLedger } from './index.ts'

/** More rounds: SALLYPORT_CRASH_ROUNDS=500 npx vitest run src/ledger/crash.test.ts */
const rounds = Number(process.env.SALLYPORT_CRASH_ROUNDS ?? 24)

let child: { folder: string; file: string }

beforeAll(async () => {
  child = await bundle(fileURLToPath(new URL('../../test/support/ledger-crash-child.ts', import.meta.url)))
})

afterAll(() => rm(child.folder, { recursive: true, force: true }))

/** Runs a writer until it has acknowledged `acks` entries and `micros` more have passed; then kills it. */
async function writeUntilKilled(directory: string, run: number, acks: number, micros: number): Promise<string> {
  const writer = spawn(process.execPath, [child.file, directory, String(run)], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  let complaints = ''
  let seen = 0
  writer.stderr.on('data', (data: Buffer) => {
    complaints += data
  })
  writer.stdout.on('data', (data: Buffer) => {
    said += data
    seen += data.toString().split('ack ').length - 1
    if (seen < acks || writer.killed) return
    const until = performance.now() + micros / 1000
    while (performance.now() < until);
    writer.kill('SIGKILL')
  })
  await once(writer, 'close')
  expect(complaints).toBe('')
  expect(writer.signalCode).toBe('SIGKILL')
  return said
}

it(
  `loses nothing acknowledged when the process is killed at any point (${rounds} rounds)`,
  async () => {
    const directory = await ledgerFolder()
    const acknowledged = new Map<number, string>()
    for (let round = 0; round < rounds; round++) {
      // From the very first acknowledgement to some hundreds later, and anywhere within a write.
      const acks = 1 + Math.floor(Math.random() ** 2 * 400)
      const said = await writeUntilKilled(directory, round, acks, Math.random() * 1_500)
      // The last line may be cut; it is no acknowledgement then.
      for (const line of said.split('\n').slice(0, -1)) {
        const [word, index, door] = line.split(' ')
        if (word === 'ack' && door !== undefined) acknowledged.set(Number(index), door)
      }
      expect((await verifyLedger(directory)).ok).toBe(true)
    }
    const ledger = await openFileLedger({ directory, segmentBytes: 32 * 1024 })
    await ledger.close()
    expect(await verifyLedger(directory)).toMatchObject({ ok: true, problems: [] })
    const found = await collect(readLedger(directory))
    const doors = new Map(
      found.flatMap((entry) =>
        entry.kind === 'server.stopped' ? [[entry.index, entry.body.reason.split(' ')[0]]] : [],
      ),
    )
    for (const [index, door] of acknowledged) expect(doors.get(index), `entry ${index}`).toBe(door)
    expect(acknowledged.size).toBeGreaterThan(rounds * 10)
  },
  60_000 + rounds * 2_000,
)
