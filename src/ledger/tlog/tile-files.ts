import { dirname, join } from 'node:path'
import { type FileLayer, readFully, writeFully } from '../file-layer.ts'
import { hashBytes } from './merkle.ts'
import { bundlePath, tilePath, tileWidth } from './tile.ts'

/** Tiles, bundles and the checkpoint in the ledger's folder, named as C2SP tlog-tiles names them. */
export class TileFiles {
  readonly #files: FileLayer
  readonly #directory: string
  readonly #made = new Set<string>()

  constructor(files: FileLayer, directory: string) {
    this.#files = files
    this.#directory = directory
  }

  /** undefined: there is no such file. */
  async read(path: string): Promise<Buffer | undefined> {
    const full = join(this.#directory, path)
    const name = path.slice(path.lastIndexOf('/') + 1)
    if (!(await this.#files.list(dirname(full))).includes(name)) return undefined
    const file = await this.#files.open(full, 'read')
    try {
      const bytes = Buffer.alloc(await file.size())
      return bytes.subarray(0, await readFully(file, bytes, bytes.length, 0))
    } finally {
      await file.close()
    }
  }

  /** Replaces the file in one step. @param isDurable whether it must survive a power cut from now on */
  async write(path: string, bytes: Buffer, isDurable: boolean): Promise<void> {
    const full = join(this.#directory, path)
    const folder = dirname(full)
    if (!this.#made.has(folder)) {
      await this.#files.makeDirectory(folder)
      this.#made.add(folder)
    }
    const temporary = `${full}.tmp`
    await this.#files.remove(temporary)
    const file = await this.#files.open(temporary, 'create')
    try {
      await writeFully(file, bytes, bytes.length, 0)
      if (isDurable) await file.datasync()
    } finally {
      await file.close()
    }
    await this.#files.rename(temporary, full)
    if (isDurable) await this.#files.syncDirectory(folder)
  }

  async remove(path: string): Promise<void> {
    await this.#files.remove(join(this.#directory, path))
  }

  /** The folder that holds the partial versions of a tile or bundle which is full now. */
  async removePartials(path: string): Promise<void> {
    const folder = join(this.#directory, `${path}.p`)
    for (const name of await this.#files.list(folder)) await this.#files.remove(join(folder, name))
    await this.#files.removeEmptyDirectory(folder)
    this.#made.delete(folder)
  }

  /** The first `width` hashes of a tile, from whichever version is there; undefined: none holds so many. */
  async hashes(level: number, index: number, width: number): Promise<Buffer | undefined> {
    const bytes = (await this.read(tilePath(level, index, width))) ?? (await this.read(tilePath(level, index)))
    return bytes !== undefined && bytes.length >= width * hashBytes ? bytes.subarray(0, width * hashBytes) : undefined
  }

  /** The bundle with at least `width` entries. */
  async bundle(index: number, width: number): Promise<Buffer | undefined> {
    const partial = width < tileWidth ? await this.read(bundlePath(index, width)) : undefined
    return partial ?? (await this.read(bundlePath(index)))
  }
}
