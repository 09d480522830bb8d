import { rmSync } from 'node:fs'
import Database from 'libsql'
import { schemaVersion, tables } from './tables.ts'

export type Db = InstanceType<typeof Database>

/**
 * Opens the file of the index; one that is damaged or of another version is deleted and made anew.
 * @param onDropped told why
 */
export function openDatabase(file: string, onDropped: (reason: string) => void): Db {
  try {
    const db = new Database(file)
    try {
      prepare(db)
      const found = version(db)
      if (found === schemaVersion) {
        // Reads every table's definition: fails where the file was damaged or only half made.
        db.prepare('SELECT next FROM position').get()
        return db
      }
      if (found === 0 && isEmpty(db)) return create(db)
      onDropped(`the index is of version ${found}, this program makes version ${schemaVersion}`)
    } catch (error) {
      if (!isDamage(error)) throw error
      onDropped(`the index cannot be read: ${error.message}`)
    }
    db.close()
  } catch (error) {
    if (!isDamage(error)) throw error
    onDropped(`the index cannot be read: ${error.message}`)
  }
  return newDatabase(file)
}

/** An empty index in place of whatever is there. */
export function newDatabase(file: string): Db {
  if (file !== ':memory:') for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true })
  const db = new Database(file)
  prepare(db)
  return create(db)
}

/** Whether an error says that the file is not what it was, and not only that it could not be read or written. */
export function isDamage(error: unknown): error is Error {
  if (!(error instanceof Error)) return false
  const code: unknown = Reflect.get(error, 'code')
  if (typeof code === 'string' && /^SQLITE_(CORRUPT|NOTADB)/.test(code)) return true
  return /malformed|not a database|no such (table|column)|corrupt|vtable constructor failed/i.test(error.message)
}

function prepare(db: Db): void {
  // The ledger is the truth: what a power cut takes from the index is read there again, so no sync for each batch.
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY',
  )
}

function create(db: Db): Db {
  db.exec(`BEGIN; ${tables} PRAGMA user_version = ${schemaVersion}; COMMIT`)
  return db
}

function version(db: Db): number {
  return Number(Reflect.get(Object(db.prepare('PRAGMA user_version').get()), 'user_version'))
}

function isEmpty(db: Db): boolean {
  return db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').all().length === 0
}
