import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ChangeDoor, startChangeDoor } from './support/change-door.ts'
import { failure, testServer } from './support/test-server.ts'

/** On a busy machine. */
const soon = { timeout: 20_000 }

const server = testServer()
let door: ChangeDoor

beforeEach(async () => {
  await server.direct.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
  await server.direct.query('CREATE TABLE orders (id int PRIMARY KEY, note text)')
  await server.direct.query('INSERT INTO orders SELECT generate_series(1, 1000)')
  await server.direct.query('ANALYZE orders')
  door = await startChangeDoor(server.postgres)
})
afterEach(() => door.close())

const held = { code: 'SP001' }

async function restored(): Promise<number[]> {
  return (await door.guard.entries('change.restored')).map(({ body }) => body.from)
}

describe('what the approval of a change covers', () => {
  test('no block', async () => {
    const { secret } = await door.open('TRUNCATE orders')
    expect(await failure((await door.run(secret)).query('TRUNCATE orders'))).toMatchObject({ code: 'SP002' })
  })

  test('a rule that asks for two people, once two have approved', async () => {
    const { change, secret } = await door.open('GRANT SELECT ON orders TO PUBLIC')
    const client = await door.run(secret)
    expect(await failure(client.query('GRANT SELECT ON orders TO PUBLIC'))).toMatchObject(held)
    await door.changes.approve(change, 'bea', '')
    await client.query('GRANT SELECT ON orders TO PUBLIC')
  })

  const mass = "UPDATE orders SET note = 'x' WHERE id <= 500"

  test.each([
    [500, true],
    [499, false],
    [undefined, false],
  ])('an update of 500 rows where %s are declared: %s', async (rows, passes) => {
    const { secret } = await door.open(mass, { rows: [rows] })
    const client = await door.run(secret)
    if (passes) await client.query(mass)
    else expect(await failure(client.query(mass))).toMatchObject(held)
    const { rows: changed } = await server.direct.query("SELECT count(*)::int AS n FROM orders WHERE note = 'x'")
    expect(changed).toEqual([{ n: passes ? 500 : 0 }])
  })

  const hidden = "DO $$ BEGIN EXECUTE 'DELETE FROM orders WHERE id <= 500'; END $$"

  test.each([
    [500, true],
    [undefined, false],
  ])('code that turns out to delete 500 rows where %s are declared: %s', async (rows, passes) => {
    const { secret } = await door.open(hidden, { rows: [rows] })
    const client = await door.run(secret)
    if (passes) await client.query(hidden)
    else
      expect(await failure(client.query(hidden))).toMatchObject({
        ...held,
        message: expect.stringContaining('taken back'),
      })
    const { rows: left } = await server.direct.query('SELECT count(*)::int AS n FROM orders')
    expect(left).toEqual([{ n: passes ? 500 : 1000 }])
    await expect.poll(restored, soon).toEqual(passes ? [] : [0])
  })

  test('a transaction, by the sum of what its statements declare', async () => {
    const halves = ['DELETE FROM orders WHERE id <= 80', 'DELETE FROM orders WHERE id > 920']
    for (const [declared, passes] of [
      [[80, undefined], false],
      [[80, 80], true],
    ] as const) {
      const { secret } = await door.open(halves.join(';'), { rows: declared })
      const client = await door.run(secret)
      await client.query('BEGIN')
      for (const half of halves) await client.query(half)
      if (passes) await client.query('COMMIT')
      else expect(await failure(client.query('COMMIT'))).toMatchObject(held)
      await client.end()
    }
  })
})
