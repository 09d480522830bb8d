import { watch } from 'chokidar'
import type { Action } from '../action/index.ts'
import type { DoorView } from '../api/index.ts'
import type { Changes } from '../changes/index.ts'
import { type DoorConfig, formatAddress } from '../config/index.ts'
import { PostgresDoor } from '../doors/postgres/index.ts'
import { errorMessage } from '../errors/index.ts'
import type { LedgerGate } from '../gate/index.ts'
import type { People } from '../people/index.ts'
import { doorCredentials } from './door-credentials.ts'
import type { Log } from './log.ts'

export interface OpenDoor {
  readonly door: PostgresDoor
  close(): Promise<void>
}

/** What a door works with. */
export interface DoorParts {
  readonly gate: LedgerGate
  readonly people: People
  readonly changes: Changes
}

export async function openDoor(config: DoorConfig, parts: DoorParts, log: Log): Promise<OpenDoor> {
  const door = await listen(config, parts, (event, details) => log(event, { door: config.name, ...details }))
  const stopWatching = watchCertificate(config, door, log)
  return {
    door,
    close: async () => {
      await stopWatching()
      await door.close()
    },
  }
}

/** Takes a new certificate when its files change. */
function watchCertificate({ name, tls }: DoorConfig, door: PostgresDoor, log: Log): () => Promise<void> {
  if (tls === undefined) return async () => undefined
  const files = [tls.cert, tls.key, ...(tls.clientCa === undefined ? [] : [tls.clientCa])]
  const watcher = watch(files, { ignoreInitial: true, awaitWriteFinish: { stabilityThreshold: 200, pollInterval: 50 } })
  watcher.on('all', () => {
    try {
      door.reloadCertificate()
    } catch (error) {
      // Certificate and key may come one after the other; what is in use stays.
      log('certificate_refused', { door: name, error: errorMessage(error) })
    }
  })
  return () => watcher.close()
}

async function listen(door: DoorConfig, { gate, people, changes }: DoorParts, log: Log): Promise<PostgresDoor> {
  return PostgresDoor.open({
    name: door.name,
    credentials: await doorCredentials(door, people, process.env),
    listen: door.listen,
    upstream: { ...door.upstream, tls: door.upstreamTls },
    tls: door.tls,
    system: door.system,
    environment: door.environment,
    unknown: door.unknown,
    wait: door.hold.wait,
    record: door.record,
    commitGate: door.commitGate,
    sample: door.sample,
    limits: door.limits,
    gate,
    enterChange: (secret, at) => changes.enter(secret, at),
    identify: (actorId) => knownActor(people, actorId),
    log,
  })
}

/** What people/ knows of somebody who acts at a door. */
function knownActor(
  people: People,
  actorId: string,
): Partial<Pick<Action['actor'], 'kind' | 'groups' | 'owner' | 'name'>> {
  const person = people.byActor(actorId)
  if (person === undefined) return {}
  const { name, kind, groups, owner } = person
  return { name, kind, groups: [...groups], ...(owner === undefined ? {} : { owner }) }
}

export function viewOf(door: PostgresDoor, config: DoorConfig | undefined): DoorView {
  return {
    name: door.name,
    protocol: config?.protocol ?? 'postgres',
    listen: formatAddress(door.address),
    environment: config?.environment ?? '',
    unknown: config?.unknown ?? 'hold',
    sessions: door.sessions,
    waiting: door.waiting,
    upstream: config === undefined ? '' : formatAddress(config.upstream),
    unreachable: door.unreachable,
  }
}
