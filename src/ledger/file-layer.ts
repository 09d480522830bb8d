import fs from 'node:fs'
import { mkdir, open, readdir, rename, rmdir, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

/** One open file. Calls are asynchronous and run on the thread pool, so the event loop never waits for the disk. */
export interface LayerFile {
  /** Bytes read; fewer than asked for at the end of the file. */
  read(into: Buffer, offset: number, length: number, position: number): Promise<number>
  /** Bytes written; may be fewer than asked for. */
  write(from: Buffer, offset: number, length: number, position: number): Promise<number>
  /** Resolves when what was written, and the size needed to read it back, is on the disk. */
  datasync(): Promise<void>
  size(): Promise<number>
  /** Closing it again does nothing. */
  close(): Promise<void>
}

/** What the ledger needs of a file system; tests put one in between that runs full, fails or forgets. */
export interface FileLayer {
  /** `create` makes a new file of mode 0600 and fails where one exists. */
  open(path: string, how: 'read' | 'write' | 'create'): Promise<LayerFile>
  /** Names in a directory; none where it does not exist. */
  list(directory: string): Promise<string[]>
  /** Makes a directory of mode 0700, and those above it, durable in their parents. */
  makeDirectory(path: string): Promise<void>
  /** Atomic; durable only after `syncDirectory`. */
  rename(from: string, to: string): Promise<void>
  /** Quietly does nothing where there is no such file. */
  remove(path: string): Promise<void>
  syncDirectory(path: string): Promise<void>
  /** Quietly does nothing where it is not there, or not empty. */
  removeEmptyDirectory(path: string): Promise<void>
}

const flags = {
  read: fs.constants.O_RDONLY,
  write: fs.constants.O_RDWR,
  create: fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL,
} as const

// Descriptors instead of FileHandle: these calls are made once per batch and FileHandle costs several times as much.
const openFile = promisify(fs.open)
const readFile = promisify(fs.read)
const writeFile = promisify(fs.write)
const datasync = promisify(fs.fdatasync)
const stat = promisify(fs.fstat)
const closeFile = promisify(fs.close)

/** What a closed file has for a descriptor. The system gives the number away again: it must not be used once more. */
const none = -1

class NodeFile implements LayerFile {
  #descriptor: number

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  async read(into: Buffer, offset: number, length: number, position: number): Promise<number> {
    return (await readFile(this.#descriptor, into, offset, length, position)).bytesRead
  }

  async write(from: Buffer, offset: number, length: number, position: number): Promise<number> {
    return (await writeFile(this.#descriptor, from, offset, length, position)).bytesWritten
  }

  datasync(): Promise<void> {
    return datasync(this.#descriptor)
  }

  async size(): Promise<number> {
    return (await stat(this.#descriptor)).size
  }

  async close(): Promise<void> {
    const descriptor = this.#descriptor
    this.#descriptor = none
    if (descriptor !== none) await closeFile(descriptor)
  }
}

/** The file system of the machine. */
export const nodeFiles: FileLayer = {
  async open(path, how) {
    return new NodeFile(await openFile(path, flags[how], 0o600))
  },

  async list(directory) {
    try {
      return await readdir(directory)
    } catch (error) {
      if (isCode(error, 'ENOENT')) return []
      throw error
    }
  },

  async makeDirectory(path) {
    const first = await mkdir(path, { recursive: true, mode: 0o700 })
    if (first === undefined) return
    // A new directory is durable when its parent is (fsync(2)); `first` is the topmost one made.
    for (let made = path; ; made = dirname(made)) {
      await syncDirectory(dirname(made))
      if (made.length <= first.length) return
    }
  },

  rename,

  async remove(path) {
    try {
      await unlink(path)
    } catch (error) {
      if (!isCode(error, 'ENOENT')) throw error
    }
  },

  syncDirectory,

  async removeEmptyDirectory(path) {
    try {
      await rmdir(path)
    } catch (error) {
      if (!isCode(error, 'ENOENT') && !isCode(error, 'ENOTEMPTY')) throw error
    }
  },
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** Writes all of it, however many calls that takes. */
export async function writeFully(file: LayerFile, from: Buffer, length: number, position: number): Promise<void> {
  let done = 0
  while (done < length) {
    const written = await file.write(from, done, length - done, position + done)
    if (written <= 0) throw new Error(`the file system took none of ${length - done} bytes`)
    done += written
  }
}

/** Reads as much of `length` bytes as the file has. */
export async function readFully(file: LayerFile, into: Buffer, length: number, position: number): Promise<number> {
  let done = 0
  while (done < length) {
    const read = await file.read(into, done, length - done, position + done)
    if (read === 0) break
    done += read
  }
  return done
}

/** Whether an error of the operating system has this code. */
export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
