import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { appendMany, ledgerFolder } from '../../../test/support/ledger-folder.ts'
import { nodeFiles } from '../file-layer.ts'
import { openFileLedger } from '../open-file-ledger.ts'
import { ledgerStatus } from '../status.ts'
import { verifyLedger } from '../verify.ts'
import { type AnchorPlaces, Anchors, witnessedPath } from './anchors.ts'
import { readKept } from './kept-checkpoint.ts'
import { isSignedBy, parseNote } from './note.ts'
import { signingKey } from './signing-key.ts'
import { TransparencyLog } from './transparency-log.ts'
import { type RunningWitness, startWitness } from './witness-server.ts'

const nowhere: AnchorPlaces = { files: [], webhooks: [], witnesses: [] }

async function open(directory: string, places: Partial<AnchorPlaces>, fetching: typeof fetch = fetch) {
  const ledger = await openFileLedger({ directory })
  try {
    const signer = await signingKey(nodeFiles, directory)
    const kept = await readKept(nodeFiles, places.files ?? [], signer.verifier)
    const log = await TransparencyLog.open({ files: nodeFiles, directory, entries: ledger, signer, kept, everyMs: 5 })
    const problems: string[] = []
    const anchors = new Anchors({
      layer: nodeFiles,
      directory,
      ...nowhere,
      ...places,
      fetch: fetching,
      now: Date.now,
      onProblem: (anchor, error) => problems.push(`${anchor}: ${error instanceof Error ? error.message : error}`),
      everyMs: 10,
    })
    log.onSigned(() => anchors.due())
    anchors.due()
    const close = async () => {
      await ledger.flush()
      await log.close()
      await anchors.close()
      await ledger.close()
    }
    return { ledger, signer, problems, close }
  } catch (error) {
    await ledger.close()
    throw error
  }
}

type Opened = Awaited<ReturnType<typeof open>>

async function grow({ ledger }: Opened, entries: number): Promise<void> {
  appendMany(ledger, entries)
  await ledger.flush()
}

/** Waits until every anchor has the newest checkpoint, for so many entries. */
async function anchored(directory: string, size: number): Promise<void> {
  await vi.waitFor(async () => {
    const { anchors } = await ledgerStatus(directory)
    expect(anchors.map((anchor) => [anchor.size, anchor.problem])).toEqual([[size, null]])
  }, 10_000)
}

async function witnessOf({ signer }: Opened, directory: string): Promise<RunningWitness> {
  const witness = await startWitness({
    directory,
    name: 'witness.example/w1',
    logs: [signer.verifier],
    host: '127.0.0.1',
    port: 0,
    onProblem: (error) => expect.unreachable(String(error)),
  })
  onTestFinished(() => witness.close())
  return witness
}

function peerOf({ port, verifier }: RunningWitness) {
  return { url: `http://127.0.0.1:${port}`, verifier }
}

/** A ledger of 300 entries, kept as a copy, that grew to 340 afterwards with these places told. */
async function putBackLater(places: Partial<AnchorPlaces>, directory: string): Promise<void> {
  const copy = `${directory}-copy`
  const first = await open(directory, places)
  await grow(first, 300)
  await first.close()
  await cp(directory, copy, { recursive: true })
  const second = await open(directory, places)
  await grow(second, 40)
  if ((places.witnesses ?? []).length > 0) await anchored(directory, 340)
  await second.close()
  await rm(directory, { recursive: true })
  await cp(copy, directory, { recursive: true })
}

describe('a file that checkpoints are published to', () => {
  it('has the newest checkpoint, and the log verifies against it', async () => {
    const directory = await ledgerFolder()
    const file = join(dirname(directory), 'kept/checkpoint')
    const opened = await open(directory, { files: [file] })
    await grow(opened, 10)
    await anchored(directory, 10)
    await grow(opened, 290)
    await opened.close()
    const note = await readFile(file, 'utf8')
    expect(note).toBe(await readFile(join(directory, 'checkpoint'), 'utf8'))
    expect(await verifyLedger(directory, { against: [{ name: file, note }] })).toMatchObject({ ok: true, entries: 300 })
  })

  it('stops a ledger that was put back to an old copy, and names it', async () => {
    const directory = await ledgerFolder()
    const file = join(dirname(directory), 'kept-checkpoint')
    await putBackLater({ files: [file] }, directory)
    await expect(open(directory, { files: [file] })).rejects.toThrow(
      `The ledger is truncated: it has 300 entries, and ${file} was signed for 340.`,
    )
  })

  it('stops a ledger that was put back and went on another way, before anything is signed', async () => {
    const directory = await ledgerFolder()
    const file = join(dirname(directory), 'kept-checkpoint')
    await putBackLater({ files: [file] }, directory)
    const forked = await open(directory, {})
    await grow(forked, 100)
    await forked.close()
    const before = await readFile(join(directory, 'checkpoint'), 'utf8')
    await expect(open(directory, { files: [file] })).rejects.toThrow(`forked: its first 340 entries are not those`)
    expect(await readFile(join(directory, 'checkpoint'), 'utf8')).toBe(before)
  })

  it('stops a ledger that lost its checkpoint too, and one whose key was replaced', async () => {
    const directory = await ledgerFolder()
    const file = join(dirname(directory), 'kept-checkpoint')
    await putBackLater({ files: [file] }, directory)
    await rm(join(directory, 'checkpoint'))
    await expect(open(directory, { files: [file] })).rejects.toThrow('truncated')
    await rm(join(directory, 'key'))
    await expect(open(directory, { files: [file] })).rejects.toThrow(`${file}, to which checkpoints are published`)
  })
})

describe('a witness of a ledger', () => {
  it('signs each checkpoint over HTTP, from the first and after a restart of the ledger', async () => {
    const directory = await ledgerFolder()
    const before = await open(directory, {})
    const witness = await witnessOf(before, `${directory}-witness`)
    await before.close()
    const peer = peerOf(witness)
    for (const size of [5, 300, 700]) {
      const opened = await open(directory, { witnesses: [peer] })
      await grow(opened, size - opened.ledger.head.size)
      await anchored(directory, size)
      await opened.close()
      expect(opened.problems).toEqual([])
      const note = parseNote(await readFile(join(directory, witnessedPath), 'utf8'))
      expect(note.text.split('\n')[1]).toBe(String(size))
      expect(isSignedBy(note, peer.verifier) && isSignedBy(note, opened.signer.verifier)).toBe(true)
    }
  })

  it('is asked for at a verification, which wants its signature, and only where there is one', async () => {
    const directory = await ledgerFolder()
    const before = await open(directory, {})
    const witness = await witnessOf(before, `${directory}-witness`)
    await before.close()
    const { verifier } = peerOf(witness)
    const opened = await open(directory, { witnesses: [peerOf(witness)] })
    await grow(opened, 40)
    await anchored(directory, 40)
    await opened.close()
    const verify = () => verifyLedger(directory, { witnesses: [verifier.key] })
    expect(await verify()).toMatchObject({ ok: true, witnessed: { size: 40, by: [verifier.name] } })
    expect(await verifyLedger(directory)).toMatchObject({ ok: true, witnessed: { size: 40, by: [] } })

    const path = join(directory, witnessedPath)
    const note = await readFile(path, 'utf8')
    const lines = note.split('\n')
    await writeFile(path, lines.filter((line) => !line.includes(verifier.name)).join('\n'))
    expect((await verify()).problems).toMatchObject([{ kind: 'incomplete', file: witnessedPath }])
    expect((await verifyLedger(directory)).ok).toBe(true)
    // What was witnessed is more than is there, or of another log.
    await writeFile(path, note.replace('\n40\n', '\n41\n'))
    expect((await verify()).problems.map(({ kind }) => kind)).toEqual(['altered', 'incomplete'])
    await rm(path)
    expect((await verify()).problems).toMatchObject([{ kind: 'incomplete' }])
    expect(await verifyLedger(directory)).toMatchObject({ ok: true, witnessed: null })
  })

  it('shows at a verification that the log was cut off since', async () => {
    const directory = await ledgerFolder()
    const before = await open(directory, {})
    const witness = await witnessOf(before, `${directory}-witness`)
    await before.close()
    const opened = await open(directory, { witnesses: [peerOf(witness)] })
    await grow(opened, 20)
    await anchored(directory, 20)
    await opened.close()
    await cp(directory, `${directory}-old`, { recursive: true })
    const again = await open(directory, { witnesses: [peerOf(witness)] })
    await grow(again, 20)
    await anchored(directory, 40)
    await again.close()
    const witnessed = await readFile(join(directory, witnessedPath))
    await rm(directory, { recursive: true })
    await cp(`${directory}-old`, directory, { recursive: true })
    await writeFile(join(directory, witnessedPath), witnessed)
    expect((await verifyLedger(directory)).problems).toMatchObject([{ kind: 'truncated', file: witnessedPath }])
    await rm(`${directory}-old`, { recursive: true })
  })

  it('says so when the ledger was put back to an old copy, and signs nothing of it', async () => {
    const directory = await ledgerFolder()
    const before = await open(directory, {})
    const witness = await witnessOf(before, `${directory}-witness`)
    await before.close()
    const places = { witnesses: [peerOf(witness)] }
    await putBackLater(places, directory)
    const again = await open(directory, places)
    await vi.waitFor(() => expect(again.problems.join()).toContain('saw 340 entries: this ledger was cut off'), 10_000)
    await grow(again, 60)
    await vi.waitFor(() => expect(again.problems.join()).toContain('saw another log'), 10_000)
    await again.close()
  })

  it('two processes never serve from one folder', async () => {
    const directory = await ledgerFolder()
    const opened = await open(directory, {})
    await witnessOf(opened, `${directory}-witness`)
    await expect(witnessOf(opened, `${directory}-witness`)).rejects.toMatchObject({ code: 'ledger_locked' })
    await opened.close()
  })
})

describe('an anchor that fails', () => {
  it('blocks nothing, is shown with its reason, and gets the newest checkpoint when it works again', async () => {
    const directory = await ledgerFolder()
    let works = false
    const posted: string[] = []
    const hook: typeof fetch = async (_, init) => {
      if (!works) throw new TypeError('connection refused')
      posted.push(String(init?.body))
      return new Response('thanks')
    }
    const opened = await open(directory, { webhooks: ['http://hook.example/'] }, hook)
    await grow(opened, 20)
    await vi.waitFor(async () => {
      const { anchors, checkpoint } = await ledgerStatus(directory)
      expect(checkpoint?.size).toBe(20)
      expect(anchors[0]?.problem).toContain('connection refused')
    }, 10_000)
    works = true
    await anchored(directory, 20)
    await opened.close()
    expect(posted.at(-1)).toBe(await readFile(join(directory, 'checkpoint'), 'utf8'))
  })
})
