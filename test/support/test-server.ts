import pg from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { startTestPostgres, type TestPostgres, type TestPostgresKind } from './postgres.ts'

/** A server for all tests of a file or describe block, and a connection past the door; both there from `beforeAll` on. */
export interface TestServer {
  readonly postgres: TestPostgres
  readonly direct: pg.Client
}

export function testServer(kind?: TestPostgresKind): TestServer {
  let postgres: TestPostgres | undefined
  let direct: pg.Client | undefined
  beforeAll(async () => {
    postgres = await startTestPostgres(kind)
    direct = new pg.Client({ connectionString: postgres.superuserUrl })
    await direct.connect()
  })
  afterAll(async () => {
    await direct?.end()
    await postgres?.stop()
  })
  return {
    get postgres() {
      return started(postgres)
    },
    get direct() {
      return started(direct)
    },
  }
}

function started<T>(what: T | undefined): T {
  if (what === undefined) throw new Error('the server of these tests has not been started')
  return what
}

/** What the server, or the door in its place, answered to a statement that must fail. */
export async function failure(work: Promise<unknown>): Promise<pg.DatabaseError> {
  try {
    await work
  } catch (error) {
    if (error instanceof pg.DatabaseError) return error
    throw error
  }
  throw new Error('the statement was expected to fail')
}
