import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openFileLedger, readLedger, verifyLedger } from '../src/ledger/index.ts'
import { bundle } from './support/bundle.ts'
import { PowerCutDisk, whyNoPowerCut } from './support/power.ts'

/** More of them: npm run test:crash */
const cuts = Number(process.env.SALLYPORT_POWER_CUTS ?? 5)
const whyNot = whyNoPowerCut()

describe.skipIf(whyNot !== undefined)(`power cuts${whyNot === undefined ? '' : ` (${whyNot})`}`, () => {
  let child: { folder: string; file: string }
  beforeAll(async () => {
    child = await bundle(fileURLToPath(new URL('./support/ledger-crash-child.ts', import.meta.url)))
  })
  afterAll(() => rm(child.folder, { recursive: true, force: true }))

  /** Lets it write until `acks` entries were acknowledged, then takes the power away. What it said is what it said. */
  async function writeUntilCut(
    disk: PowerCutDisk,
    run: number,
    acks: number,
    how: string,
  ): Promise<Map<number, string>> {
    const directory = join(disk.path, 'ledger')
    const writer = spawn(process.execPath, [child.file, directory, String(run), how], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    let isOver = false
    writer.stdout.on('data', (data: Buffer) => {
      said += data
      if (isOver || said.split('ack ').length - 1 < acks) return
      isOver = true
      writer.kill('SIGSTOP')
      disk.cutPower()
      writer.kill('SIGKILL')
    })
    await once(writer, 'close')
    expect(writer.signalCode).toBe('SIGKILL')
    disk.restart()
    const lines = said.split('\n').slice(0, -1)
    return new Map(lines.flatMap((line) => (line.startsWith('ack ') ? [acknowledgement(line)] : [])))
  }

  it(
    `lose nothing that was acknowledged (${cuts} cuts)`,
    async () => {
      const disk = new PowerCutDisk()
      try {
        const acknowledged = new Map<number, string>()
        for (let run = 0; run < cuts; run++) {
          for (const [index, name] of await writeUntilCut(disk, run, 1 + Math.floor(Math.random() ** 2 * 300), '')) {
            acknowledged.set(index, name)
          }
          expect((await verifyLedger(join(disk.path, 'ledger'))).ok).toBe(true)
        }
        const found = await names(join(disk.path, 'ledger'))
        for (const [index, name] of acknowledged) expect(found.get(index), `entry ${index}`).toBe(name)
        expect(acknowledged.size).toBeGreaterThan(cuts)
        const again = await openFileLedger({ directory: join(disk.path, 'ledger') })
        await again.close()
        expect(await verifyLedger(join(disk.path, 'ledger'))).toMatchObject({ ok: true, problems: [] })
      } finally {
        disk.close()
      }
    },
    60_000 + cuts * 5_000,
  )

  it('take entries away where the disk lies about its syncs: so the test above can fail', async () => {
    const disk = new PowerCutDisk()
    try {
      const acknowledged = await writeUntilCut(disk, 0, 200, 'lying')
      const found = await names(join(disk.path, 'ledger')).catch(() => new Map<number, string>())
      const lost = [...acknowledged].filter(([index, name]) => found.get(index) !== name)
      expect(lost.length).toBeGreaterThan(0)
    } finally {
      disk.close()
    }
  }, 60_000)
})

function acknowledgement(line: string): [number, string] {
  const [, index = '', name = ''] = line.split(' ')
  return [Number(index), name]
}

async function names(directory: string): Promise<Map<number, string>> {
  const found = new Map<number, string>()
  for await (const entry of readLedger(directory)) {
    if (entry.kind === 'server.stopped') found.set(entry.index, entry.body.reason.split(' ')[0] ?? '')
  }
  return found
}
