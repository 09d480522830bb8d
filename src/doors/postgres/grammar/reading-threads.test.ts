import { afterEach, describe, expect, test } from 'vitest'
import { ReadingThreads } from './reading-threads.ts'

let threads: ReadingThreads
afterEach(() => threads.close())

const read = (sql: string) => threads.read({ call: 'understand', major: 18, sql })
const long = `DELETE FROM t WHERE id IN (${Array.from({ length: 100_000 }, (_, i) => i).join(', ')})`
const understood = { result: { kind: 'understood' } }

describe('a thread that reads long texts', () => {
  test('says of a text what the grammar says of it', async () => {
    threads = new ReadingThreads()
    expect(await read('DELETE FROM t WHERE id = 1')).toMatchObject({
      result: { kind: 'understood', statements: [{ operation: 'DELETE', bounded: true }] },
    })
    expect(await read('SELEC')).toMatchObject({ result: { kind: 'unknown' } })
    const routine = { language: 'plpgsql', body: 'BEGIN DELETE FROM t; END' }
    expect(await threads.read({ call: 'understandBody', major: 15, routine })).toMatchObject({
      result: { effects: ['delete'] },
    })
    expect(await threads.read({ call: 'selectionOf', major: 15, sql: long })).toMatchObject({
      result: { head: '', joined: false },
    })
    expect(threads.size).toBe(1)
  })

  test('is ended when a text takes too long, and another takes its place', async () => {
    threads = new ReadingThreads({ threads: 1, time: 1 })
    const reads = [read(long), read(long)]
    for (const result of await Promise.all(reads)) {
      expect(result).toEqual({ failed: 'reading it took longer than 0.001 s' })
    }
    threads.close()
    threads = new ReadingThreads({ threads: 1 })
    expect(await read(long)).toMatchObject(understood)
  })

  test('outlives texts that fault in the parser, however many', async () => {
    threads = new ReadingThreads({ threads: 1 })
    // Commas in strings hide the chain from the caps: the parser's own stack overflows.
    const deep = `SELECT ${"','||".repeat(60_000)}1`
    for (let i = 0; i < 80; i++) expect(await read(deep)).toMatchObject({ result: { kind: 'unknown' } })
    expect(await read('SELECT 1')).toMatchObject(understood)
    expect(await read(long)).toMatchObject(understood)
    expect(threads.size).toBe(1)
  })

  test('is one of few: what would wait behind too many texts is not read', async () => {
    threads = new ReadingThreads({ threads: 1, waiting: 2 })
    const all = await Promise.all([read(long), read(long), read(long), read(long)])
    expect(all.slice(0, 3)).toMatchObject([understood, understood, understood])
    expect(all[3]).toEqual({ failed: '2 long texts wait to be read already; try again in a moment' })
    expect(threads.size).toBe(1)
  })

  test('is given up, with its memory, when there is nothing more to read', async () => {
    threads = new ReadingThreads({ threads: 2, idle: 1 })
    await Promise.all([read('SELECT 1'), read('SELECT 2')])
    await expect.poll(() => threads.size).toBe(0)
    expect(await read('SELECT 3')).toMatchObject(understood)
  })
})
