import { mkdirSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { FaultFiles } from '../../test/support/fault-files.ts'
import { appendMany, collect, deferred, doorNames, doors, ledgerFolder } from '../../test/support/ledger-folder.ts'
import { nodeFiles } from './file-layer.ts'
import { type Entry, type FileLedgerOptions, type Ledger, openFileLedger, verifyLedger } from './index.ts'

const small = { segmentBytes: 64 * 1024 }

async function open(options: FileLedgerOptions): Promise<Ledger> {
  const ledger = await openFileLedger({ ...small, ...options })
  onTestFinished(() => ledger.close())
  return ledger
}

describe('a ledger', () => {
  it('gives back what was appended, in order, also after it was opened again', async () => {
    const directory = await ledgerFolder()
    const ledger = await open({ directory, now: () => Date.UTC(2026, 0, 2) })
    const first = ledger.append('server.started', { version: '1', pid: 7 })
    const second = ledger.append('door.closed', { door: 'ö☂💥\u2028"\\' })
    await second.durable
    expect([first.index, second.index, first.at]).toEqual([0, 1, '2026-01-02T00:00:00.000Z'])
    const entries = await collect(ledger.entries())
    expect(entries).toMatchObject([
      { index: 0, at: first.at, kind: 'server.started', body: { version: '1', pid: 7 } },
      { index: 1, kind: 'door.closed', body: { door: 'ö☂💥\u2028"\\' } },
    ])
    expect(ledger.head).toEqual({ size: 2, hash: entries[1]?.hash })
    await ledger.close()

    const again = await open({ directory })
    expect(again.head).toEqual({ size: 2, hash: entries[1]?.hash })
    expect(await collect(again.entries())).toEqual(entries)
    await again.append('door.closed', { door: 'x' }).durable
    expect(await collect(again.entries(1))).toHaveLength(2)
    expect(await verifyLedger(directory)).toMatchObject({ ok: true, entries: 3, problems: [], head: again.head })
  })

  it('keeps the order of thousands of concurrent appends across many segments', async () => {
    const directory = await ledgerFolder()
    const ledger = await open({ directory, segmentBytes: 16 * 1024 })
    const heard: Entry[] = []
    ledger.subscribe((entry) => heard.push(entry))
    let next = 0
    const writer = async () => {
      while (next < 5_000) {
        const door = `door-${next++}`
        const { index, durable } = ledger.append('door.closed', { door })
        expect(door).toBe(`door-${index}`)
        await durable
        expect(heard.length).toBeGreaterThan(index)
      }
    }
    await Promise.all(Array.from({ length: 200 }, writer))
    const entries = await collect(ledger.entries())
    expect(doors(entries)).toEqual(doorNames(5_000))
    expect(entries.map((entry) => entry.index)).toEqual(Array.from({ length: 5_000 }, (_, i) => i))
    expect(heard).toEqual(entries)
    expect(doors(await collect(ledger.entries(4_321)))).toEqual(doorNames(679, 4_321))
    const verified = await verifyLedger(directory)
    expect(verified).toMatchObject({ ok: true, entries: 5_000, problems: [] })
    expect(verified.segments).toBeGreaterThan(20)
  })

  it('holds whatever mix of sizes and turns it is given', async () => {
    const turns = fc.array(fc.array(fc.integer({ min: 0, max: 9_000 }), { minLength: 1, maxLength: 12 }), {
      maxLength: 8,
    })
    await fc.assert(
      fc.asyncProperty(turns, async (sizes) => {
        const directory = await ledgerFolder()
        const ledger = await openFileLedger({ directory, segmentBytes: 4096 })
        for (const turn of sizes) {
          for (const size of turn) ledger.append('door.closed', { door: 'x'.repeat(size) })
          await new Promise((resolve) => setImmediate(resolve))
        }
        const { head } = ledger
        await ledger.close()
        const again = await openFileLedger({ directory, segmentBytes: 4096 })
        expect(again.head).toEqual(head)
        expect(doors(await collect(again.entries())).map((door) => door.length)).toEqual(sizes.flat())
        await again.close()
        expect((await verifyLedger(directory)).problems).toEqual([])
      }),
      { numRuns: 25 },
    )
  })

  it('says durable only after the write and then the sync have returned', async () => {
    const files = new FaultFiles(nodeFiles)
    const ledger = await open({ directory: await ledgerFolder(), files })
    const seen: string[] = []
    const gates = { write: deferred<undefined>(), datasync: deferred<undefined>() }
    const reached = { write: deferred<void>(), datasync: deferred<void>() }
    files.interfere = ({ operation }) => {
      if (operation !== 'write' && operation !== 'datasync') return undefined
      seen.push(operation)
      reached[operation].resolve()
      return gates[operation].promise
    }
    ledger.subscribe(() => seen.push('heard'))
    const { durable } = ledger.append('door.closed', { door: 'a' })
    durable.then(() => seen.push('durable'))
    await reached.write.promise
    expect(seen).toEqual(['write'])
    expect(await collect(ledger.entries())).toEqual([])
    gates.write.resolve(undefined)
    await reached.datasync.promise
    expect(seen).toEqual(['write', 'datasync'])
    gates.datasync.resolve(undefined)
    await durable
    expect(seen).toEqual(['write', 'datasync', 'heard', 'durable'])
  })

  it('shares one write and one sync among the appends of a turn, and among those made while a sync runs', async () => {
    const files = new FaultFiles(nodeFiles)
    const ledger = await open({ directory: await ledgerFolder(), files, headEveryMs: 60_000 })
    const before = [files.count('write'), files.count('datasync')]
    const syncing = deferred<void>()
    const goOn = deferred<undefined>()
    files.interfere = ({ operation }) => {
      if (operation !== 'datasync') return undefined
      syncing.resolve()
      return goOn.promise
    }
    const turn = appendMany(ledger, 100)
    expect(new Set(turn.map((appended) => appended.durable)).size).toBe(1)
    await syncing.promise
    const meanwhile = [...appendMany(ledger, 50)]
    await new Promise((resolve) => setImmediate(resolve))
    meanwhile.push(...appendMany(ledger, 50))
    expect(new Set(meanwhile.map((appended) => appended.durable)).size).toBe(1)
    goOn.resolve(undefined)
    await ledger.flush()
    expect([files.count('write'), files.count('datasync')].map((count, i) => count - (before[i] ?? 0))).toEqual([2, 2])
    expect(doors(await collect(ledger.entries()))).toEqual(doorNames(200))
  })

  it('makes a new segment durable, name included, before anything in it is acknowledged', async () => {
    const files = new FaultFiles(nodeFiles)
    const ledger = await open({ directory: await ledgerFolder(), files, segmentBytes: 4096, headEveryMs: 60_000 })
    await Promise.all(appendMany(ledger, 10).map((appended) => appended.durable))
    files.calls.length = 0
    await ledger.append('door.closed', { door: 'x'.repeat(3_900) }).durable
    const steps = files.calls
      .filter(({ path }) => /segments|\.seg$|next\.tmp$/.test(path) && !path.includes('.idx'))
      .map((call) => call.operation)
    expect(steps.slice(-6)).toEqual(['write', 'datasync', 'rename', 'syncDirectory', 'write', 'datasync'])
  })

  it('takes an entry larger than a segment, and refuses one beyond the limit without losing its place', async () => {
    const directory = await ledgerFolder()
    const ledger = await open({ directory, segmentBytes: 4096 })
    const large = 'ö'.repeat(150_000)
    ledger.append('door.closed', { door: 'before' })
    ledger.append('door.closed', { door: large })
    expect(() => ledger.append('door.closed', { door: 'x'.repeat(65 * 1024 * 1024) })).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    )
    ledger.append('door.closed', { door: 'after' })
    await ledger.flush()
    expect(doors(await collect(ledger.entries()))).toEqual(['before', large, 'after'])
    expect((await verifyLedger(directory)).problems).toEqual([])
  })

  it('streams what was durable when it was asked, not what came after', async () => {
    const ledger = await open({ directory: await ledgerFolder() })
    appendMany(ledger, 3)
    await ledger.flush()
    const asked = ledger.entries()
    appendMany(ledger, 3)
    await ledger.flush()
    expect(doors(await collect(asked))).toEqual(doorNames(3))
    expect(await collect(ledger.entries(6))).toEqual([])
    for await (const entry of ledger.entries()) if (entry.index === 1) break
  })

  it('tells nobody who has unsubscribed, and goes on when a listener throws', async () => {
    const ledger = await open({ directory: await ledgerFolder() })
    const thrown: unknown[] = []
    const heard: string[] = []
    const before = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => thrown.push(error))
    onTestFinished(() => {
      process.removeAllListeners('uncaughtException')
      for (const listener of before) process.on('uncaughtException', listener)
    })
    const stop = ledger.subscribe(() => heard.push('gone'))
    ledger.subscribe(() => {
      throw new Error('listener')
    })
    ledger.subscribe((entry) => heard.push(entry.kind))
    stop()
    await ledger.append('door.closed', { door: 'a' }).durable
    await new Promise((resolve) => setImmediate(resolve))
    expect(heard).toEqual(['door.closed'])
    expect(thrown).toMatchObject([{ message: 'listener' }])
  })

  it('writes what is queued before it closes, and refuses afterwards', async () => {
    const directory = await ledgerFolder()
    const ledger = await open({ directory })
    const appended = appendMany(ledger, 10)
    const closing = ledger.close()
    expect(() => ledger.append('door.closed', { door: 'late' })).toThrow(
      expect.objectContaining({ code: 'ledger_unavailable' }),
    )
    await closing
    await ledger.close()
    await Promise.all(appended.map(({ durable }) => durable))
    expect(ledger.state).toBe('closed')
    expect(doors(await collect((await open({ directory })).entries()))).toEqual(doorNames(10))
  })

  it('keeps its files to itself and leaves no others behind', async () => {
    const directory = await ledgerFolder()
    const ledger = await open({ directory })
    await ledger.append('door.closed', { door: 'a' }).durable
    const mode = async (name: string) => ((await stat(join(directory, name))).mode & 0o777).toString(8)
    expect(await mode('.')).toBe('700')
    expect(await mode('segments')).toBe('700')
    expect(await mode('segments/00000000000000000000.seg')).toBe('600')
    expect(await mode('head')).toBe('600')
    expect(await mode('lock.1')).toBe('600')
    await ledger.close()
    expect((await readdir(directory)).sort()).toEqual(['head', 'lock.1', 'segments'])
    expect(await readdir(join(directory, 'segments'))).toEqual(['00000000000000000000.seg'])
  })

  it('says what to look at where the folder cannot be used', async () => {
    const directory = await ledgerFolder()
    mkdirSync(directory)
    const files = new FaultFiles(nodeFiles)
    files.interfere = () => {
      throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
    }
    await expect(openFileLedger({ directory, files })).rejects.toMatchObject({
      code: 'ledger_unavailable',
      message: expect.stringContaining('EACCES'),
      hint: expect.any(String),
    })
    // Nothing stays locked.
    await open({ directory })
  })
})

describe('reading from a time on', () => {
  it('gives everything of that time and later, and reads few segments to find it', async () => {
    const clock = { now: Date.parse('2026-01-01T00:00:00Z') }
    const directory = await ledgerFolder()
    const ledger = await openFileLedger({ directory, segmentBytes: 16 * 1024, now: () => clock.now })
    onTestFinished(() => ledger.close())
    for (let hour = 0; hour < 48; hour++) {
      appendMany(ledger, 20)
      await ledger.flush()
      clock.now += 3_600_000
    }
    const start = Date.parse('2026-01-01T00:00:00Z')
    for (const hour of [0, 1, 17, 40, 47, 50]) {
      const at = start + hour * 3_600_000
      const found = await collect(ledger.entriesSince(at))
      const wanted = (await collect(ledger.entries())).filter((entry) => Date.parse(entry.at) >= at)
      expect(found.slice(found.length - wanted.length)).toEqual(wanted)
    }
    const late = await collect(ledger.entriesSince(start + 47 * 3_600_000))
    expect(late.length).toBeLessThan(400)
  })
})
