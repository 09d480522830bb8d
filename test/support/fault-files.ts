import { readFile, writeFile } from 'node:fs/promises'
import type { FileLayer, LayerFile } from '../../src/ledger/index.ts'

/** One call of the ledger on its files. */
export interface FileCall {
  readonly operation: 'open' | 'create' | 'read' | 'write' | 'datasync' | 'rename' | 'syncDirectory'
  readonly path: string
}

/** Throws to make the call fail; a number lets a read or write take only so many bytes. */
export type Interference = (call: FileCall) => number | undefined | Promise<number | undefined>

const sectorBytes = 512

/** What a disk holds of one file, as against what its readers see. */
interface DiskFile {
  disk: Buffer
  /** Sectors that were written and not synced. */
  readonly dirty: Set<number>
}

/**
 * Real files with a disk that fails on demand and can lose its power. What is written is seen by readers at once but
 * reaches the disk with a sync that succeeds; after one that failed the kernel takes the sectors for clean, so that a
 * later sync does not write them (as Linux does, https://wiki.postgresql.org/wiki/Fsync_Errors).
 */
export class FaultFiles implements FileLayer {
  /** Every call, in order, before it is made. */
  readonly calls: FileCall[] = []
  interfere: Interference = () => undefined
  readonly #files: FileLayer
  readonly #disk = new Map<string, DiskFile>()

  constructor(files: FileLayer) {
    this.#files = files
  }

  count(operation: FileCall['operation'], ending = ''): number {
    return this.calls.filter((call) => call.operation === operation && call.path.endsWith(ending)).length
  }

  /** What is left of all files after the power went: of what was not synced, each sector or not, as `kept` says. */
  async powerCut(kept: () => boolean): Promise<void> {
    for (const [path, { disk, dirty }] of this.#disk) {
      const seen = await readFile(path)
      const left = Buffer.alloc(Math.max(disk.length, seen.length))
      disk.copy(left)
      for (const sector of dirty) {
        if (kept()) seen.copy(left, sector * sectorBytes, sector * sectorBytes, (sector + 1) * sectorBytes)
      }
      await writeFile(path, left)
    }
    this.#disk.clear()
  }

  async open(path: string, how: 'read' | 'write' | 'create'): Promise<LayerFile> {
    await this.#call(how === 'create' ? 'create' : 'open', path)
    const file = await this.#files.open(path, how)
    if (how === 'read') return this.#wrap(file, () => path)
    const content = how === 'create' ? Buffer.alloc(0) : await readFile(path)
    const state = this.#disk.get(path) ?? { disk: content, dirty: new Set<number>() }
    this.#disk.set(path, state)
    // The file keeps its state when it is renamed; its path is looked up for the record of calls.
    const pathNow = () => [...this.#disk].find(([, other]) => other === state)?.[0] ?? path
    return this.#wrap(file, pathNow, state)
  }

  list(directory: string): Promise<string[]> {
    return this.#files.list(directory)
  }

  makeDirectory(path: string): Promise<void> {
    return this.#files.makeDirectory(path)
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#call('rename', to)
    await this.#files.rename(from, to)
    const state = this.#disk.get(from)
    this.#disk.delete(from)
    this.#disk.delete(to)
    if (state !== undefined) this.#disk.set(to, state)
  }

  async remove(path: string): Promise<void> {
    this.#disk.delete(path)
    await this.#files.remove(path)
  }

  removeEmptyDirectory(path: string): Promise<void> {
    return this.#files.removeEmptyDirectory(path)
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#call('syncDirectory', path)
    await this.#files.syncDirectory(path)
  }

  #wrap(file: LayerFile, path: () => string, state?: DiskFile): LayerFile {
    return {
      read: async (into, offset, length, position) => {
        const atMost = await this.#call('read', path())
        return file.read(into, offset, Math.min(length, atMost ?? length), position)
      },
      write: async (from, offset, length, position) => {
        const atMost = await this.#call('write', path())
        const written = await file.write(from, offset, Math.min(length, atMost ?? length), position)
        const last = Math.floor((position + written - 1) / sectorBytes)
        for (let sector = Math.floor(position / sectorBytes); sector <= last; sector++) state?.dirty.add(sector)
        return written
      },
      datasync: async () => {
        try {
          await this.#call('datasync', path())
          await file.datasync()
        } catch (error) {
          state?.dirty.clear()
          throw error
        }
        if (state !== undefined) await copySectors(path(), state)
      },
      size: () => file.size(),
      close: () => file.close(),
    }
  }

  async #call(operation: FileCall['operation'], path: string): Promise<number | undefined> {
    const call = { operation, path }
    this.calls.push(call)
    return this.interfere(call)
  }
}

async function copySectors(path: string, state: DiskFile): Promise<void> {
  if (state.dirty.size === 0) return
  const sectors = [...state.dirty]
  state.dirty.clear()
  const seen = await readFile(path)
  const grown = Buffer.alloc(Math.max(seen.length, state.disk.length))
  state.disk.copy(grown)
  for (const sector of sectors) {
    seen.copy(grown, sector * sectorBytes, sector * sectorBytes, (sector + 1) * sectorBytes)
  }
  state.disk = grown
}

/** An error as the operating system gives it. */
export function systemError(code: 'ENOSPC' | 'EIO' | 'EROFS'): Error {
  return Object.assign(new Error(`${code}: injected`), { code })
}
