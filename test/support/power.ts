import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** EXT4_IOC_SHUTDOWN with "no log flush": nothing more reaches the disk, as when the power goes (Linux, fs/ext4). */
const cut = `
import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack('I', 2))
`

function run(command: string, ...args: string[]): { ok: boolean; said: string } {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  return { ok: status === 0, said: `${command} ${args.join(' ')}: ${error?.message ?? stderr}` }
}

function must(command: string, ...args: string[]): void {
  const { ok, said } = run(command, ...args)
  if (!ok) throw new Error(said)
}

/** A file system of its own, in a file, that loses power when a test says so. */
export class PowerCutDisk {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sallyport-power-'))
  readonly #image = join(this.#folder, 'image')
  readonly path = join(this.#folder, 'disk')

  constructor() {
    must('truncate', '-s', '64M', this.#image)
    must('mkfs.ext4', '-q', '-F', this.#image)
    must('mkdir', this.path)
    this.#mount()
  }

  #mount(): void {
    must('mount', '-o', 'loop', this.#image, this.path)
  }

  cutPower(): void {
    must('python3', '-c', cut, this.path)
  }

  /** Once nobody has a file open on it. What the disk had is what there is. */
  restart(): void {
    must('umount', this.path)
    this.#mount()
  }

  close(): void {
    run('umount', this.path)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Why no power can be cut here; undefined: it can. */
export function whyNoPowerCut(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs Linux and root'
  for (const tool of ['mkfs.ext4', 'mount', 'python3']) {
    if (spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0) return `needs ${tool}`
  }
  try {
    const disk = new PowerCutDisk()
    disk.cutPower()
    disk.close()
    return undefined
  } catch {
    return 'this machine cannot mount a file system'
  }
}
