import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { freePort } from './support/ports.ts'
import { sallyport, sallyportRunning } from './support/sallyport.ts'

const rules = fileURLToPath(new URL('../rules', import.meta.url))
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-cli-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function configure(api: number, door: number): Promise<string> {
  const file = join(folder, 'sallyport.yaml')
  await writeFile(
    file,
    `listen: 127.0.0.1:${api}\nrules: [${JSON.stringify(rules)}]\ndoors:\n  - name: db\n    protocol: postgres\n    listen: 127.0.0.1:${door}\n    upstream: postgres://127.0.0.1:1\n`,
  )
  return file
}

describe('sallyport serve', () => {
  test('prints where it listens and a first sign-in, stops cleanly on SIGTERM, and leaves a record that verifies', async () => {
    const [api, door] = [await freePort(), await freePort()]
    const server = sallyportRunning(['serve', '-c', await configure(api, door)])
    const [, link = ''] = await server.printed(/First sign-in: (http:\/\/127\.0\.0\.1:\d+\/#link=spl_\S+)/)
    const signedIn = await sallyport(['sign-in', link], 'correct horse battery')
    expect(signedIn.out).toMatch(/^sp_[\w-]{43}\n$/)
    const again = await sallyport(['sign-in', 'admin', '--url', new URL(link).origin], 'correct horse battery')
    expect(again.code).toBe(0)
    const { code, out } = await server.stop('SIGTERM')
    expect(code).toBe(0)
    expect(out).toContain(`127.0.0.1:${api}`)
    expect(out).toContain(`Door db: 127.0.0.1:${door}`)
    expect(await sallyport(['ledger', 'verify', '--data', join(folder, 'data')])).toMatchObject({ code: 0 })
    const list = await sallyport(['ledger', 'list', '--data', join(folder, 'data'), '--json'])
    expect(list.out).toContain('server.stopped')
    expect(list.out).toContain('password.set')
    expect(list.out).not.toMatch(/spl?_[\w-]{43}|argon2|correct horse/)
  })

  test('names a port that is taken', async () => {
    const taken = createServer()
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, '127.0.0.1', () => {
        const address = taken.address()
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })
    const config = await configure(await freePort(), port)
    const { code, err } = await sallyport(['serve', '-c', config])
    await new Promise((resolve) => taken.close(resolve))
    expect(code).toBe(1)
    expect(err).toContain(`127.0.0.1:${port}`)
  })

  test('without a file explains itself', async () => {
    const { code, err } = await sallyport(['serve', '-c', join(folder, 'none.yaml')])
    expect(code).not.toBe(0)
    expect(err).toContain('none.yaml')
    expect(err).toContain('doors:')
  })
})

describe('in scripts', () => {
  test('classify says what statements do, and 12 for what cannot be understood', async () => {
    const understood = await sallyport(['classify', 'postgres'], 'WITH d AS (DELETE FROM t RETURNING 1) SELECT 1')
    expect(understood.code).toBe(0)
    expect(JSON.parse(understood.out)).toMatchObject([{ operation: 'DELETE', impact: { bounded: false } }])
    expect((await sallyport(['classify', 'postgres'], 'SELEC 1')).code).toBe(12)
  })

  test.each([
    ['DELETE FROM orders', 10],
    ['DELETE FROM orders WHERE id = 7', 0],
    ['DROP TABLE orders', 11],
  ])('classify and judge together: %s exits with %i', async (sql, code) => {
    const { out } = await sallyport(['classify', 'postgres', '--lines'], sql)
    const action = { ...JSON.parse(out), target: { environment: 'production' } }
    // The text alone does not tell how many rows; the door asks the planner.
    action.impact.rows ??= 1
    expect((await sallyport(['judge', '--rules', rules], JSON.stringify(action))).code).toBe(code)
  })

  test('rubbish on standard input is 2, with what is wrong', async () => {
    const { code, err } = await sallyport(['judge', '--rules', rules], '{"effects":["delte"]}')
    expect(code).toBe(2)
    expect(err).not.toBe('')
  })
})

test('the tour tells its story to the end', async () => {
  const { code, out } = await sallyport(['tour'])
  expect(code).toBe(0)
  for (const part of ['← DELETE 1', 'NOTICE', '← DELETE 6000', 'SP002', 'quiet-hours', 'hold.released']) {
    expect(out).toContain(part)
  }
}, 120_000)
