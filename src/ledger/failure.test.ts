import { describe, expect, it, onTestFinished } from 'vitest'
import { FaultFiles, type FileCall, systemError } from '../../test/support/fault-files.ts'
import { appendMany, collect, deferred, doorNames, doors, ledgerFolder } from '../../test/support/ledger-folder.ts'
import type { SallyportError } from '../errors/index.ts'
import { nodeFiles } from './file-layer.ts'
import { type Entry, type FileLedgerOptions, type Ledger, openFileLedger, verifyLedger } from './index.ts'

interface Opened {
  readonly ledger: Ledger
  readonly files: FaultFiles
  readonly directory: string
  /** What `onState` was told, in order. */
  readonly states: string[]
  readonly reasons: SallyportError[]
  reopened(): Promise<void>
}

async function open(options: Partial<FileLedgerOptions> = {}): Promise<Opened> {
  const directory = await ledgerFolder()
  const files = new FaultFiles(nodeFiles)
  const states: string[] = []
  const reasons: SallyportError[] = []
  let back = deferred<void>()
  const ledger = await openFileLedger({
    directory,
    files,
    segmentBytes: 8 * 1024,
    retryMs: 2,
    headEveryMs: 60_000,
    onState: (state, reason) => {
      states.push(state)
      if (reason !== undefined) reasons.push(reason)
      if (state === 'open') back.resolve()
    },
    ...options,
  })
  onTestFinished(() => ledger.close())
  const reopened = async () => {
    await back.promise
    back = deferred<void>()
  }
  return { ledger, files, directory, states, reasons, reopened }
}

const failing = (operation: FileCall['operation'], code: 'ENOSPC' | 'EIO' | 'EROFS') => (call: FileCall) => {
  if (call.operation === operation) throw systemError(code)
  return undefined
}

async function expectUnavailable({ ledger }: Opened, code: string): Promise<void> {
  const told = { code: 'ledger_unavailable', message: expect.stringContaining(code), hint: expect.any(String) }
  expect(ledger.state).toBe('failed')
  expect(() => ledger.append('door.closed', { door: 'refused' })).toThrow(expect.objectContaining(told))
  await expect(ledger.flush()).rejects.toMatchObject(told)
}

describe('when the disk fails', () => {
  it.each([
    ['write', 'ENOSPC'],
    ['write', 'EIO'],
    ['write', 'EROFS'],
    ['datasync', 'EIO'],
    ['datasync', 'ENOSPC'],
  ] as const)(
    'rejects all that is pending, refuses what comes, and is back by itself (%s: %s)',
    async (operation, code) => {
      const opened = await open()
      const { ledger, files, directory } = opened
      const heard: Entry[] = []
      ledger.subscribe((entry) => heard.push(entry))
      await Promise.all(appendMany(ledger, 3).map(({ durable }) => durable))
      const durableHead = ledger.head

      const failed = deferred<undefined>()
      const reached = deferred<void>()
      files.interfere = async (call) => {
        if (call.operation !== operation) return undefined
        reached.resolve()
        await failed.promise
        throw systemError(code)
      }
      const inFlight = appendMany(ledger, 2)
      await reached.promise
      // A second batch, behind the one that fails.
      inFlight.push(...appendMany(ledger, 2))
      failed.resolve(undefined)
      for (const { durable } of inFlight) {
        await expect(durable).rejects.toMatchObject({
          code: 'ledger_unavailable',
          message: expect.stringContaining(code),
        })
      }
      await expectUnavailable(opened, code)
      expect(ledger.head).toEqual(durableHead)
      expect(doors(await collect(ledger.entries()))).toEqual(doorNames(3))

      files.interfere = () => undefined
      await opened.reopened()
      expect(opened.states).toEqual(['failed', 'open'])
      await ledger.append('door.closed', { door: 'after' }).durable
      const entries = await collect(ledger.entries())
      expect(entries.map((entry) => entry.index)).toEqual(entries.map((_, i) => i))
      expect(entries.some((entry) => entry.kind === 'ledger.recovered')).toBe(true)
      // Entries that were rejected may be there after all; those that were acknowledged are.
      expect(doorNames(7).concat('after')).toEqual(expect.arrayContaining(doors(entries)))
      expect(doors(entries)).toEqual(expect.arrayContaining([...doorNames(3), 'after']))
      expect(heard).toEqual(entries)
      expect(ledger.head).toEqual({ size: entries.length, hash: entries.at(-1)?.hash })
      expect(await verifyLedger(directory)).toMatchObject({ ok: true, problems: [], entries: entries.length })
      await ledger.close()
      const again = await openFileLedger({ directory })
      expect(await collect(again.entries())).toEqual(entries)
      await again.close()
    },
  )

  it('accepts what a failed sync has left readable, in a new segment that is synced itself', async () => {
    const opened = await open()
    const { ledger, files, directory } = opened
    await Promise.all(appendMany(ledger, 2).map(({ durable }) => durable))
    files.interfere = failing('datasync', 'EIO')
    const lost = appendMany(ledger, 3)
    await expect(lost[0]?.durable).rejects.toMatchObject({ code: 'ledger_unavailable' })
    files.interfere = () => undefined
    await opened.reopened()
    expect((await collect(ledger.entries())).map((entry) => entry.kind)).toEqual([
      ...Array(5).fill('door.closed'),
      'ledger.recovered',
    ])
    // Whatever the kernel forgot of the failed segment, the log stands.
    await files.powerCut(() => false)
    expect(await verifyLedger(directory)).toMatchObject({ ok: true, entries: 6, segments: 2, problems: [] })
  })

  it('writes on where the system took only part of it', async () => {
    const { ledger, files, directory } = await open()
    files.interfere = ({ operation }) => (operation === 'write' ? 7 : undefined)
    await Promise.all(appendMany(ledger, 20).map(({ durable }) => durable))
    expect((await verifyLedger(directory)).problems).toEqual([])
    expect(doors(await collect(ledger.entries()))).toEqual(doorNames(20))
  })

  it('throws away half a write on a full disk, and counts what it threw away', async () => {
    const opened = await open()
    const { ledger, files, directory } = opened
    await Promise.all(appendMany(ledger, 2).map(({ durable }) => durable))
    let writes = 0
    files.interfere = ({ operation }) => {
      if (operation !== 'write') return undefined
      if (writes++ === 0) return 100
      throw systemError('ENOSPC')
    }
    await expect(appendMany(ledger, 1)[0]?.durable).rejects.toMatchObject({ code: 'ledger_unavailable' })
    files.interfere = () => undefined
    await opened.reopened()
    const entries = await collect(ledger.entries())
    expect(entries.slice(2)).toMatchObject([{ kind: 'ledger.recovered', body: { discardedBytes: 100 } }])
    expect((await verifyLedger(directory)).problems).toEqual([])
    // The remains stay where they are, and are taken for what they are.
    await ledger.close()
    const again = await openFileLedger({ directory })
    expect(await collect(again.entries())).toEqual(entries)
    await again.close()
  })

  it('fails when no new segment can be made, keeps trying, and goes on when there is room', async () => {
    const opened = await open()
    const { ledger, files, directory } = opened
    files.interfere = ({ operation, path }) => {
      if (operation === 'write' && path.endsWith('.tmp')) throw systemError('ENOSPC')
      return undefined
    }
    const acknowledged: string[] = []
    for (let i = 0; ledger.state === 'open'; i++) {
      const { durable } = ledger.append('door.closed', { door: `door-${i}` })
      await durable.then(
        () => acknowledged.push(`door-${i}`),
        () => undefined,
      )
    }
    expect(acknowledged.length).toBeGreaterThan(20)
    await expectUnavailable(opened, 'ENOSPC')
    const tries = files.count('create')
    await until(() => files.count('create') > tries + 3)
    expect(opened.states).toEqual(['failed'])
    files.interfere = () => undefined
    await opened.reopened()
    await ledger.append('door.closed', { door: 'after' }).durable
    expect(doors(await collect(ledger.entries()))).toEqual([...acknowledged, 'after'])
    expect((await verifyLedger(directory)).problems).toEqual([])
  })

  it('comes back whichever step of coming back fails first', async () => {
    for (let step = 0; step < 40; step++) {
      const opened = await open()
      const { ledger, files, directory } = opened
      await Promise.all(appendMany(ledger, 2).map(({ durable }) => durable))
      files.interfere = failing('datasync', 'EIO')
      await expect(appendMany(ledger, 2)[0]?.durable).rejects.toMatchObject({ code: 'ledger_unavailable' })
      let calls = 0
      let hit = false
      files.interfere = () => {
        if (calls++ !== step) return undefined
        hit = true
        throw systemError('EIO')
      }
      await opened.reopened()
      files.interfere = () => undefined
      await ledger.append('door.closed', { door: 'after' }).durable
      const found = doors(await collect(ledger.entries()))
      expect(found).toEqual([...doorNames(4), 'after'])
      expect((await verifyLedger(directory)).problems).toEqual([])
      await files.powerCut(() => false)
      expect((await verifyLedger(directory)).problems).toEqual([])
      await ledger.close()
      if (!hit) return
    }
    throw new Error('never came back without a failure')
  })

  it('does not come back onto a log that is not the one it left', async () => {
    const opened = await open()
    const { ledger, files } = opened
    await Promise.all(appendMany(ledger, 3).map(({ durable }) => durable))
    const head = ledger.head
    files.interfere = failing('datasync', 'EIO')
    await expect(appendMany(ledger, 1)[0]?.durable).rejects.toMatchObject({ code: 'ledger_unavailable' })
    const reads = files.count('read')
    files.interfere = ({ operation }) => (operation === 'read' ? 0 : undefined)
    await until(() => files.count('read') > reads + 3)
    expect(ledger.state).toBe('failed')
    expect(ledger.head).toEqual(head)
    expect(() => ledger.append('door.closed', { door: 'x' })).toThrow(
      expect.objectContaining({ code: 'ledger_unavailable', message: expect.stringContaining('not what it was') }),
    )
  })

  it('refuses more than it may keep waiting for a disk that hangs', async () => {
    const { ledger, files } = await open({ maxQueuedBytes: 10_000 })
    const hanging = deferred<undefined>()
    files.interfere = ({ operation }) => (operation === 'datasync' ? hanging.promise : undefined)
    appendMany(ledger, 5)
    await until(() => files.count('datasync', '.seg') > 0)
    expect(() => appendMany(ledger, 200)).toThrow(
      expect.objectContaining({ code: 'ledger_unavailable', message: expect.stringContaining('keep up') }),
    )
    expect(ledger.state).toBe('open')
    hanging.resolve(undefined)
    await ledger.flush()
    await ledger.append('door.closed', { door: 'after' }).durable
  })

  it('is not brought down by a head file that cannot be written', async () => {
    const { ledger, files, states } = await open({ headEveryMs: 1 })
    files.interfere = ({ path }) => {
      if (path.endsWith('head.tmp')) throw systemError('ENOSPC')
      return undefined
    }
    await Promise.all(appendMany(ledger, 3).map(({ durable }) => durable))
    await until(() => files.calls.filter(({ path }) => path.endsWith('head.tmp')).length > 2)
    expect(states).toEqual([])
    expect(ledger.state).toBe('open')
  })

  it('leaves no rejection unhandled when nobody waits for it', async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', note)
    onTestFinished(() => {
      process.off('unhandledRejection', note)
    })
    const { ledger, files } = await open()
    files.interfere = failing('write', 'EIO')
    appendMany(ledger, 3)
    ledger.flush()
    await until(() => ledger.state === 'failed')
    ledger.flush()
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(unhandled).toEqual([])
  })

  it('closes while it is failed, and gives up the lock', async () => {
    const { ledger, files, directory } = await open()
    await Promise.all(appendMany(ledger, 3).map(({ durable }) => durable))
    files.interfere = failing('write', 'EIO')
    await expect(appendMany(ledger, 3)[0]?.durable).rejects.toMatchObject({ code: 'ledger_unavailable' })
    await ledger.close()
    const again = await openFileLedger({ directory })
    expect(doors(await collect(again.entries()))).toEqual(doorNames(3))
    await again.close()
  })
})

/** Waits, turn by turn of the event loop, for something that comes. */
async function until(come: () => boolean): Promise<void> {
  while (!come()) await new Promise((resolve) => setTimeout(resolve, 1))
}
