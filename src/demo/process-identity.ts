import { readFile, readlink } from 'node:fs/promises'

/**
 * Something that tells one life of a process id from the next: the start time in clock ticks since boot
 * (proc(5), /proc/[pid]/stat field 22) and the boot's own id; `dead` for a zombie, which a container without an init
 * may never collect. Empty where there is no /proc.
 */
export async function processBirth(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    // The second field is the command in parentheses and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return 'dead'
    return `${boot.trim()}:${fields[19] ?? ''}`
  } catch {
    return ''
  }
}

/** True while the process exists, zombies included. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** True when the process is a PostgreSQL at work in this folder; false also where that cannot be told (no /proc). */
export async function isPostgresIn(folder: string, pid: number): Promise<boolean> {
  try {
    const program = await readFile(`/proc/${pid}/comm`, 'utf8')
    return program.trim() === 'postgres' && (await readlink(`/proc/${pid}/cwd`)) === folder
  } catch {
    return false
  }
}
