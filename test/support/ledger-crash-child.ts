/**
 * Writes to the ledger in the folder given until it is killed. It says "ack <index> <door>" when an entry is durable,
 * with a synchronous write to stdout: what it was able to say was so.
 */
import { writeSync } from 'node:fs'
import { type FileLayer, nodeFiles, openFileLedger } from '../../src/ledger/index.ts'

const [, , directory = '', run = '', how = ''] = process.argv

/** A disk that says "on the disk" and has not begun. */
const lying: FileLayer = {
  ...nodeFiles,
  open: async (path, mode) => {
    const file = await nodeFiles.open(path, mode)
    return {
      read: file.read.bind(file),
      write: file.write.bind(file),
      size: file.size.bind(file),
      close: file.close.bind(file),
      datasync: async () => undefined,
    }
  },
  syncDirectory: async () => undefined,
}

const files = how === 'lying' ? lying : nodeFiles
const ledger = await openFileLedger({ directory, files, segmentBytes: 32 * 1024, headEveryMs: 5, retryMs: 5 })
writeSync(1, 'ready\n')

async function writer(name: number): Promise<void> {
  for (let n = 0; ; n++) {
    const door = `${run}:${name}:${n}`
    const size = (name * 131 + n * 17) % 900
    const { index, durable } = ledger.append('server.stopped', { reason: `${door} ${'x'.repeat(size)}` })
    await durable
    writeSync(1, `ack ${index} ${door}\n`)
  }
}

await Promise.all(Array.from({ length: 8 }, (_, name) => writer(name)))
