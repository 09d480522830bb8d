import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { MemoryLedger } from '../../test/support/memory-ledger.ts'
import { ocsfSchema } from '../../test/support/ocsf-1.8.0.ts'
import { completeAction, type Effect, outcomes } from '../action/index.ts'
import { type HoldOpened, settlements } from '../ledger/index.ts'
import { csvHead, csvRow, type ExportPosition, exportEntries, ocsfEvent } from './index.ts'

const validate = new Ajv({ allErrors: true, strict: true, strictRequired: false }).compile(ocsfSchema)

const judged = (verdict: (typeof outcomes)[number]) =>
  ({ verdict, ruleSet: 'v1', rule: 'r', reason: 'too much', matched: [], shadow: [] }) as const

const action = (id: string, effects: Effect[] = ['delete'], statement = 'DELETE FROM t') =>
  completeAction({
    id,
    effects,
    operation: 'DELETE',
    actor: {
      id: 'shop:alice',
      name: 'Alice',
      kind: 'human',
      groups: ['dev'],
      owner: 'bo',
      client: { session: 's', application: 'psql' },
    },
    target: { system: 'orders', environment: 'production', database: 'shop' },
    resources: [{ name: 'public.t' }],
    request: { statement },
  })

const opened: HoldOpened = {
  hold: 'H',
  nonce: 'n',
  requester: { id: 'shop:alice', name: 'Alice' },
  door: 'door',
  target: { system: 'orders', environment: 'production' },
  digest: 'd',
  ruleSet: 'v1',
  rule: { id: 'r', about: 'About', message: 'Too much' },
  review: { approvals: 1, from: [] },
  expiresAt: '2026-01-01T00:00:00.000Z',
  actions: [action('held')],
}

async function everything(): Promise<MemoryLedger> {
  const ledger = new MemoryLedger()
  ledger.append('server.started', { version: '1', pid: 1 })
  ledger.append('rules.loaded', { version: 'v1', files: [], rules: 1 })
  ledger.append('person.put', {
    id: 'bo',
    name: 'Bo',
    kind: 'human',
    groups: ['dba'],
    roles: ['admin'],
    actors: [],
    by: 'root',
  })
  ledger.append('token.issued', { token: 't', person: 'bo', digest: 'd', label: 'l', expiresAt: null, by: 'root' })
  ledger.append('person.removed', { id: 'bo', by: 'root' })
  for (const verdict of outcomes) {
    for (const outcome of settlements) {
      const id = `${verdict}-${outcome}`
      ledger.append('action.requested', { action: action(id), judged: judged(verdict) })
      ledger.append('action.settled', { action: id, outcome, rows: 3, code: '42P01', message: 'm' })
    }
  }
  const effects: Effect[][] = [['read'], ['write'], ['unknown'], ['grant'], []]
  for (const [i, some] of effects.entries()) {
    ledger.append('action.requested', { action: action(`e${i}`, some), judged: null })
  }
  ledger.append('action.requested', { action: action('held'), judged: judged('hold') })
  ledger.append('hold.opened', opened)
  ledger.append('hold.voted', { hold: 'H', by: 'rick', decision: 'approve', reason: 'fine' })
  ledger.append('action.judged', { action: 'held', ...judged('hold') })
  ledger.append('hold.released', { hold: 'H', nonce: 'n', actions: ['held'] })
  ledger.append('action.released', { action: 'held', hold: 'H', ruleSet: 'v1' })
  ledger.append('hold.opened', { ...opened, hold: 'H2' })
  ledger.append('hold.voted', { hold: 'H2', by: 'rick', decision: 'reject', reason: '' })
  ledger.append('hold.closed', { hold: 'H2', as: 'rejected', by: 'rick', reason: 'no' })
  await ledger.flush()
  return ledger
}

async function all<T>(from: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const one of from) found.push(one)
  return found
}

describe('OCSF', () => {
  test('every entry is an event of the pinned schema, by its attributes, enums and requirements', async () => {
    const ledger = await everything()
    const exported = await all(exportEntries(ledger.entries(), {}, 0))
    expect(exported).toHaveLength(ledger.durableEntries.length)
    for (const one of exported) {
      const event: unknown = JSON.parse(JSON.stringify(ocsfEvent(one, '1.0.0')))
      expect([validate(event), validate.errors, event]).toEqual([true, null, event])
    }
  })

  test('an event with an attribute or a value that the schema does not know is told', async () => {
    const [first] = await all(exportEntries((await everything()).entries(), {}, 0))
    if (first === undefined) throw new Error('nothing exported')
    const event = ocsfEvent(first, '1.0.0')
    expect(validate(event)).toBe(true)
    expect(validate({ ...event, verdict: 'allow' })).toBe(false)
    expect(validate({ ...event, severity_id: 42 })).toBe(false)
    expect(validate({ ...event, type_uid: undefined })).toBe(false)
  })

  test('one action is one correlation, in the sequence of the ledger, and says how it was disposed of', async () => {
    const ledger = await everything()
    const events = (await all(exportEntries(ledger.entries(), {}, 0))).map((one) => Object(ocsfEvent(one, '1')))
    const of = (uid: string) =>
      events
        .filter(({ metadata }) => metadata.correlation_uid === uid)
        .map(({ class_uid, activity_id, disposition, status }) => [class_uid, activity_id, disposition, status])
    expect(of('allow-completed')).toEqual([
      [6005, 7, 'Logged', 'Unknown'],
      [6005, 7, 'Allowed', 'Success'],
    ])
    expect(of('block-refused')).toEqual([
      [6005, 7, 'Blocked', 'Unknown'],
      [6005, 7, 'Blocked', 'Failure'],
    ])
    expect(of('H')).toEqual([
      [2004, 1, 'Delayed', 'New'],
      [6003, 3, 'Approved', 'Success'],
      [2004, 3, 'Approved', 'Resolved'],
    ])
    expect(events.map(({ metadata }) => metadata.sequence)).toEqual(events.map((_, i) => i))
  })
})

describe('an export', () => {
  test('that goes on from a cursor gives, with what was before, exactly what one run gives, wherever it was cut', async () => {
    const ledger = await everything()
    const filter = { effect: ['delete' as const] }
    const whole = (await all(exportEntries(ledger.entries(), filter, 0))).map((one) =>
      JSON.stringify(ocsfEvent(one, '1')),
    )
    const size = ledger.durableEntries.length
    for (let cut = 0; cut <= size; cut++) {
      let position: ExportPosition = { next: 0, readFrom: 0 }
      const head = (async function* () {
        for await (const entry of ledger.entries()) if (entry.index < cut) yield entry
      })()
      const keep = (now: ExportPosition) => {
        position = now
      }
      const first = await all(exportEntries(head, filter, 0, keep))
      const second = await all(exportEntries(ledger.entries(position.readFrom), filter, position.next))
      const events = [...first, ...second].map((one) => JSON.stringify(ocsfEvent(one, '1')))
      expect(events).toEqual(whole)
    }
  })

  test('filters by what was known at each entry, and leaves out what concerns no action', async () => {
    const ledger = await everything()
    const count = async (filter: Parameters<typeof exportEntries>[1]) =>
      (await all(exportEntries(ledger.entries(), filter, 0))).map(({ entry }) => entry.kind)
    expect(await count({ outcome: ['failed'] })).toEqual(outcomes.map(() => 'action.settled'))
    expect(await count({ hold: ['H'] })).toContain('hold.voted')
    expect(await count({ actor: ['nobody'] })).toEqual([])
    expect(await count({ since: '2999-01-01T00:00:00Z' })).toEqual([])
    expect((await count({})).length).toBe(ledger.durableEntries.length)
  })
})

describe('CSV', () => {
  test('has a cell for each column, and none that a spreadsheet would run', async () => {
    const ledger = new MemoryLedger()
    const evil = [
      '=1+1',
      '+1',
      '-1',
      '@SUM(A1)',
      '\t=1',
      ' =1',
      '\r\n=1',
      '\u200b=1',
      '＝1',
      '"=1",2',
      '=cmd|"/c calc"!A0',
    ]
    for (const statement of evil) {
      ledger.append('action.requested', { action: action('a', ['read'], statement), judged: null })
    }
    await ledger.flush()
    for await (const one of exportEntries(ledger.entries(), {}, 0)) {
      const cells = [...csvRow(one).matchAll(/(?:"((?:[^"]|"")*)"|([^",]*))(?:,|\r\n)/gy)].map(
        ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
      )
      expect(cells).toHaveLength(csvHead.split(',').length)
      for (const cell of cells) expect(cell.replace(/[\s\p{Cc}\p{Cf}]/gu, '')).not.toMatch(/^[=+\-@＝]/)
    }
  })
})
