import { readFile, stat } from 'node:fs/promises'

/** A user and group to start a child process as. */
export interface RunAs {
  readonly uid: number
  readonly gid: number
}

/** The user id most systems give to `nobody`, used where no passwd file names one. */
const nobody: RunAs = { uid: 65534, gid: 65534 }

/**
 * Who PostgreSQL should run as for this cluster folder; undefined means "as we are".
 * PostgreSQL refuses to run as root (postmaster main.c, check_root), so root drops to the user who already owns the
 * cluster, or to `nobody` for a new one: no account has to be created for it.
 */
export async function runAsFor(clusterFolder: string): Promise<RunAs | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const owner = await stat(clusterFolder).catch(() => undefined)
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  return parseNobody(await readFile('/etc/passwd', 'utf8').catch(() => ''))
}

/** The `nobody` line of a passwd(5) file, or the customary ids. */
export function parseNobody(passwd: string): RunAs {
  for (const line of passwd.split('\n')) {
    const [name, , uid, gid] = line.split(':')
    if (name !== 'nobody') continue
    const found = { uid: Number(uid), gid: Number(gid) }
    // Zero would be root again; negative ids are how some passwd files write the top of the range.
    if (Number.isInteger(found.uid) && Number.isInteger(found.gid) && found.uid > 0 && found.gid > 0) return found
  }
  return nobody
}
