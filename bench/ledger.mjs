// What the record costs: `npm run bench:ledger [-- --seconds 2 --rounds 3 --entries 1000000 --write]`.
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import Database from 'libsql'
import { conditions, markdownTable, writeBetween } from './lib/report.mjs'
import { median, percentile } from './lib/stats.mjs'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    entries: { type: 'string', default: '1000000' },
    write: { type: 'boolean', default: false },
  },
})
const [seconds, rounds, entries] = [Number(values.seconds), Number(values.rounds), Number(values.entries)]

const dist = new URL('../dist/', import.meta.url)
const { openFileLedger, readLedger, verifyLedger } = await import(new URL('ledger/index.js', dist).href)
const { openActionIndex } = await import(new URL('search/index.js', dist).href)

/** 1 KiB as it stands on the ledger. */
const body = { door: 'x'.repeat(960) }
const payload = Buffer.alloc(1024, 'x')

const write = promisify(fs.write)
const datasync = promisify(fs.fdatasync)

/** The limit: the same bytes into a preallocated file, one write and one sync for all that waits. Nothing is hashed. */
async function bare(folder, { blocking }) {
  const size = 256 * 1024 * 1024
  const file = fs.openSync(join(folder, 'bare'), 'w+')
  const zeros = Buffer.alloc(1024 * 1024)
  for (let at = 0; at < size; at += zeros.length) fs.writeSync(file, zeros, 0, zeros.length, at)
  fs.fdatasyncSync(file)
  let position = 0
  let waiting = []
  let running = false
  const flush = async () => {
    running = true
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      const bytes = Buffer.allocUnsafe(batch.length * payload.length)
      for (let i = 0; i < batch.length; i++) payload.copy(bytes, i * payload.length)
      if (position + bytes.length > size) position = 0
      if (blocking) {
        fs.writeSync(file, bytes, 0, bytes.length, position)
        fs.fdatasyncSync(file)
      } else {
        await write(file, bytes, 0, bytes.length, position)
        await datasync(file)
      }
      position += bytes.length
      for (const done of batch) done()
      // Those who were told append again before the next batch is taken.
      await new Promise((resolve) => setImmediate(resolve))
    }
    running = false
  }
  return {
    append: () =>
      new Promise((resolve) => {
        waiting.push(resolve)
        if (!running) {
          running = true
          setImmediate(flush)
        }
      }),
    close: async () => fs.closeSync(file),
  }
}

/** SQLite as one would use it for this: WAL, every commit synced, all that waits in one transaction. */
async function sqlite(folder) {
  const db = new Database(join(folder, 'ledger.db'))
  db.exec('PRAGMA journal_mode = WAL')
  db.exec('PRAGMA synchronous = FULL')
  db.exec('CREATE TABLE entries (id INTEGER PRIMARY KEY, payload BLOB NOT NULL, hash BLOB NOT NULL)')
  const insert = db.prepare('INSERT INTO entries (payload, hash) VALUES (?, ?)')
  let hash = Buffer.alloc(32)
  let waiting = []
  let scheduled = false
  const commit = () => {
    scheduled = false
    const batch = waiting
    waiting = []
    db.exec('BEGIN')
    for (let i = 0; i < batch.length; i++) {
      hash = createHash('sha256').update(hash).update(payload).digest()
      insert.run(payload, hash)
    }
    db.exec('COMMIT')
    for (const done of batch) done()
  }
  return {
    append: () =>
      new Promise((resolve) => {
        waiting.push(resolve)
        if (!scheduled) {
          scheduled = true
          setImmediate(commit)
        }
      }),
    close: async () => db.close(),
  }
}

async function sallyport(folder) {
  const ledger = await openFileLedger({ directory: join(folder, 'ledger') })
  return { append: () => ledger.append('door.closed', body).durable, close: () => ledger.close() }
}

const targets = {
  'bare, blocking calls': (folder) => bare(folder, { blocking: true }),
  'bare, thread pool': (folder) => bare(folder, { blocking: false }),
  'SQLite, WAL, FULL': sqlite,
  Sallyport: sallyport,
}

/** Each writer appends one entry after the other, and waits for each to be durable. */
async function run(make, writers) {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-bench-'))
  const target = await make(folder)
  const times = []
  const write = async (until) => {
    while (performance.now() < until) {
      const began = performance.now()
      await target.append()
      times.push(performance.now() - began)
    }
  }
  const all = (ms) => Promise.all(Array.from({ length: writers }, () => write(performance.now() + ms)))
  await all(300)
  times.length = 0
  const began = performance.now()
  await all(seconds * 1000)
  const took = (performance.now() - began) / 1000
  await target.close()
  await rm(folder, { recursive: true })
  times.sort((a, b) => a - b)
  return { rate: times.length / took, p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
}

const number = (value) => Math.round(value).toLocaleString('en-US')
const lines = []
for (const writers of [1, 16, 256]) {
  const results = Object.fromEntries(Object.keys(targets).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, make] of Object.entries(targets)) results[name].push(await run(make, writers))
  }
  const rate = (name) => median(results[name].map((one) => one.rate))
  for (const name of Object.keys(targets)) {
    const of = (key) => median(results[name].map((one) => one[key])).toFixed(2)
    const ratio = (other) => (rate('Sallyport') / rate(other)).toFixed(2)
    lines.push([
      String(writers),
      name,
      number(rate(name)),
      `${of('p50')} / ${of('p99')}`,
      name === 'Sallyport' ? '' : ratio(name),
    ])
    process.stderr.write(`${lines.at(-1).join('  ')}\n`)
  }
}
const appending = markdownTable(['writers', 'how', 'entries/s', 'p50 / p99, ms', 'Sallyport ÷ it'], lines)

/** A long record: what a start, a verification and a new search index take, and how much memory. */
async function longRecord() {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-bench-'))
  const directory = join(folder, 'ledger')
  const { completeAction, uuidv7 } = await import(new URL('action/index.js', dist).href)
  const memory = () => `${Math.round(process.memoryUsage().rss / 1024 / 1024)} MiB`
  const found = []
  const timed = async (what, work) => {
    const began = performance.now()
    await work()
    const took = (performance.now() - began) / 1000
    found.push([what, `${took.toFixed(1)} s`, `${number(entries / took)}/s`, memory()])
    process.stderr.write(`${found.at(-1).join('  ')}\n`)
  }
  const ledger = await openFileLedger({ directory })
  await timed(`appending ${number(entries)} entries`, async () => {
    for (let i = 0; i < entries; i += 2) {
      const action = completeAction({
        id: uuidv7(),
        operation: 'SELECT',
        effects: ['read'],
        request: { statement: `SELECT ${i}` },
      })
      ledger.append('action.requested', { action, judged: null })
      const { durable } = ledger.append('action.settled', { action: action.id, outcome: 'completed', rows: 1 })
      if (i % 2_000 === 0) await durable
    }
    await ledger.close()
  })
  let again
  await timed('opening it', async () => {
    again = await openFileLedger({ directory })
  })
  await timed('reading all of it', async () => {
    for await (const entry of readLedger(directory)) if (entry.index < 0) throw new Error('no such entry')
  })
  await timed('verifying all of it', async () => {
    const { ok } = await verifyLedger(directory)
    if (!ok) throw new Error('it does not verify')
  })
  const search = openActionIndex({ ledger: again, directory, file: join(folder, 'index.db'), log: () => undefined })
  await timed('indexing it for search', async () => {
    while (search.status().indexed < again.head.size) await new Promise((resolve) => setTimeout(resolve, 50))
  })
  await search.close()
  await again.close()
  await rm(folder, { recursive: true })
  return markdownTable(['', 'time', 'entries', 'memory of the process'], found)
}

const command = `npm run bench:ledger -- ${process.argv.slice(2).join(' ')}`.trim()
const method = `entries of 1 KiB, awaited one by one by each writer; medians of ${rounds} rounds × ${seconds} s, by turns`
const report = `${conditions({ libsql: '0.5.29' }, command, method)}\n\n${appending}\n\n${await longRecord()}`
console.log(report)
if (values.write) await writeBetween(fileURLToPath(new URL('PERFORMANCE.md', import.meta.url)), 'ledger', report)
