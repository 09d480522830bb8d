import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { type Action, sha256Hex } from './action/index.ts'
import { createApi, type DoorView, type RulesNow, startApi } from './api/index.ts'
import { type Config, type DoorConfig, formatAddress } from './config/index.ts'
import { PostgresDoor } from './doors/postgres/index.ts'
import { errorMessage, formatDiagnostics } from './errors/index.ts'
import { LedgerGate, settleUnfinished, WindowKeeper } from './gate/index.ts'
import { BreakGlass, Holds } from './holds/index.ts'
import {
  Anchors,
  type FileLedger,
  type Ledger,
  nodeFiles,
  openFileLedger,
  parseVerifierKey,
  readKept,
  signingKey,
  TransparencyLog,
  verifyLedger,
} from './ledger/index.ts'
import { Locks, locksOut } from './locks/index.ts'
import { People, type Person } from './people/index.ts'
import { openRuleStore, type RuleStore, type RulesInForce } from './rules/index.ts'
import { openActionIndex } from './search/index.ts'
import { version } from './version.ts'

export type Log = (event: string, details: Record<string, unknown>) => void

export interface ServerOptions {
  /** Where events go; default: JSON lines on standard error, at the configured level. */
  readonly log?: Log
}

/** A running Sallyport. */
export interface RunningServer {
  /** Where the API and console answer. */
  readonly url: string
  /** Where people reach them, as it stands in links. */
  readonly publicUrl: string
  readonly doors: readonly PostgresDoor[]
  readonly people: People
  readonly holds: Holds
  readonly ledger: Ledger
  readonly rules: RuleStore
  /** Ends sessions, stops listening, and closes the ledger, in this order. */
  close(reason?: string): Promise<void>
}

/**
 * Composition: builds the rooms and wires them. What was opened is closed again if something later cannot be.
 * @throws SallyportError naming what is wrong: rules, a taken address, a ledger that does not verify
 */
export async function startServer(config: Config, options: ServerOptions = {}): Promise<RunningServer> {
  const log = options.log ?? logTo(config)
  const opened: (() => Promise<void>)[] = []
  const closeAll = async () => {
    for (const close of opened.reverse().splice(0))
      await close().catch((error: unknown) => log('close_failed', { error }))
  }
  try {
    const ledger = await openFileLedger({
      directory: join(config.data, 'ledger'),
      onState: (state, reason) =>
        log('ledger_state', { state, ...(reason === undefined ? {} : { reason: errorMessage(reason) }) }),
    })
    opened.push(() => ledger.close())
    const transparency = await openTransparencyLog(config, ledger, log)
    opened.push(() => transparency.close())
    const unfinished = await settleUnfinished(ledger)
    if (unfinished > 0) log('unfinished_actions', { settledAsUnknown: unfinished })
    ledger.append('server.started', { version: version(), pid: process.pid })

    const search = openActionIndex({
      ledger,
      directory: join(config.data, 'ledger'),
      file: join(config.data, 'index.db'),
      log,
    })
    opened.push(() => search.close())

    const people = await People.open({ ledger })
    opened.push(async () => people.close())
    const parties = {
      reviewer: (id: string) => people.reviewerOf(id),
      isRequester: people.isSamePerson.bind(people),
    }
    const emergency = config.breakGlass.groups
    const holds = await Holds.open({ ledger, ...parties, breakGlass: emergency })
    opened.push(async () => holds.close())
    const breakGlass = new BreakGlass({ ledger, holds, ...parties, groups: emergency })
    holds.subscribe((hold) => {
      if (hold.state !== 'approved' || hold.forced === null) return
      log('BREAK_GLASS', { hold: hold.hold, by: hold.forced.by, reason: hold.forced.reason, door: hold.door })
    })
    const isPerson = people.isSamePerson.bind(people)
    const locks = await Locks.open({ ledger, isPerson })
    opened.push(async () => locks.close())

    const windows = new WindowKeeper({ ledger })
    const rules = await openRules(config, ledger, windows, log)
    opened.push(() => rules.store.close())

    const publicUrl = config.publicUrl ?? `http://${formatAddress(config.listen)}`
    const gate = new LedgerGate({
      ledger: windows.record,
      holds,
      locks,
      moment: (actions) => windows.moment(actions),
      judge: () => rules.store.current().judge,
      publicUrl,
      onUnrecorded: (action, error) => log('outcome_not_recorded', { action, error: errorMessage(error) }),
    })

    const doors: PostgresDoor[] = []
    locks.subscribe((lock) => {
      for (const door of doors) {
        const sessions = door.cut(
          (actor) => locksOut(lock, { actor, door: door.name, resources: [] }, isPerson),
          `Locked: ${lock.message}`,
          `Talk to ${lock.by}.`,
        )
        if (sessions > 0) log('sessions_cut', { door: door.name, lock: lock.lock, sessions })
      }
    })
    const views = () => doors.map((door, i) => viewOf(door, config.doors[i]))
    const consoleDir = fileURLToPath(new URL('./console', import.meta.url))
    const app = createApi({
      people,
      holds,
      breakGlass,
      locks,
      ledger,
      search,
      rules: { current: rules.now, subscribe: rules.subscribe },
      doors: views,
      sessions: {
        list: (name) => doors.find((door) => door.name === name)?.sessionViews(),
        end: (name, session, by) => doors.find((door) => door.name === name)?.endSession(session, by) ?? false,
      },
      verify: () => verifyLedger(join(config.data, 'ledger')),
      waiting: (hold) => gate.waiting(hold),
      onWaiting: (listener) => gate.onWaiting(listener),
      version: version(),
      publicUrl,
      ...(existsSync(join(consoleDir, 'index.html')) ? { consoleDir } : {}),
      log,
    })
    const api = await startApi({ app, host: config.listen.host, port: config.listen.port })
    opened.push(() => api.close())

    for (const door of config.doors) {
      const running = await openDoor(door, gate, people, log)
      doors.push(running)
      opened.push(async () => {
        await running.close()
        record(ledger, () => ledger.append('door.closed', { door: door.name }))
      })
      ledger.append('door.opened', {
        door: door.name,
        protocol: door.protocol,
        listen: formatAddress(running.address),
        environment: door.environment,
        unknown: door.unknown,
      })
    }
    await ledger.flush()
    return {
      url: `http://${formatAddress(api.address)}`,
      publicUrl,
      doors,
      people,
      holds,
      ledger,
      rules: rules.store,
      close: async (reason = 'asked to stop') => {
        // Doors first, so that every session's end is on the record before the ledger closes.
        const closeLedger = opened.shift()
        await closeAll()
        record(ledger, () => ledger.append('server.stopped', { reason }))
        // The last entry is published too.
        await ledger.flush().catch(() => undefined)
        await transparency.close()
        await closeLedger?.()
      },
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}

/** The public log, and its checkpoints published beyond the data folder. */
async function openTransparencyLog(
  config: Config,
  entries: FileLedger,
  log: Log,
): Promise<Pick<TransparencyLog, 'close'>> {
  const directory = join(config.data, 'ledger')
  const signer = await signingKey(nodeFiles, directory)
  const { anchors: places, witnesses } = config.ledger
  const peers = witnesses.map(({ url, key }) => ({ url, verifier: parseVerifierKey(key, 'cosignature') }))
  const kept = await readKept(nodeFiles, places.files, signer.verifier)
  const onProblem = (error: unknown) => log('checkpoint_not_written', { error: errorMessage(error) })
  const transparency = await TransparencyLog.open({ files: nodeFiles, directory, entries, signer, kept, onProblem })
  const anchors = new Anchors({
    layer: nodeFiles,
    directory,
    ...places,
    witnesses: peers,
    fetch,
    now: Date.now,
    onProblem: (anchor, error) => log('checkpoint_not_anchored', { anchor, error: errorMessage(error) }),
  })
  transparency.onSigned(() => anchors.due())
  anchors.due()
  return {
    close: async () => {
      await transparency.close()
      await anchors.close()
    },
  }
}

function record(ledger: Ledger, append: () => void): void {
  if (ledger.state === 'open') append()
}

function logTo(config: Config): Log {
  const logger = pino({ level: config.log.level }, pino.destination(2))
  return (event, { error, ...details }) =>
    logger.info({ ...details, ...(error === undefined ? {} : { err: error }) }, event)
}

function openDoor(door: DoorConfig, gate: LedgerGate, people: People, log: Log): Promise<PostgresDoor> {
  return PostgresDoor.open({
    name: door.name,
    listen: door.listen,
    upstream: door.upstream,
    system: door.system,
    environment: door.environment,
    unknown: door.unknown,
    wait: door.hold.wait,
    record: door.record,
    commitGate: door.commitGate,
    limits: door.limits,
    gate,
    identify: (actorId) => knownActor(people, actorId),
    log: (event, details) => log(event, { door: door.name, ...details }),
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

function viewOf(door: PostgresDoor, config: DoorConfig | undefined): DoorView {
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

/** Opens the rule store; every version that comes into force, and every one refused, goes on the ledger. */
async function openRules(config: Config, ledger: Ledger, windows: WindowKeeper, log: Log) {
  const listeners = new Set<() => void>()
  let problems: string | null = null
  const digests = ({ files }: Pick<RulesInForce, 'files'>) =>
    files.map(({ file, text }) => ({ file, digest: sha256Hex(text) }))
  const loaded = (now: RulesInForce) => {
    problems = null
    record(ledger, () =>
      ledger.append('rules.loaded', { version: now.judge.version, files: digests(now), rules: now.rules.length }),
    )
    log('rules_loaded', { version: now.judge.version, rules: now.rules.length })
    for (const listener of listeners) listener()
  }
  const store = await openRuleStore({
    paths: config.rules,
    prepare: (next) => windows.prepare(next.windows),
    onChange: (now) => {
      windows.keepOnly(now.windows)
      loaded(now)
    },
    onRefused: ({ diagnostics, files }) => {
      const inForce = store.current().judge.version
      problems = formatDiagnostics(diagnostics, (file) => files.find((one) => one.file === file)?.text)
      const text = problems
      record(ledger, () => ledger.append('rules.refused', { problems: text, inForce }))
      log('rules_refused', { inForce, problems })
      for (const listener of listeners) listener()
    },
  })
  loaded(store.current())
  const now = (): RulesNow => {
    const current = store.current()
    const files = current.files.map(({ file, text }) => ({ file, digest: sha256Hex(text), text }))
    return { version: current.judge.version, files, rules: current.rules, problems }
  }
  const subscribe = (listener: () => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  return { store, now, subscribe }
}

/**
 * The first start knows nobody: makes one admin and a token, so that somebody can sign in. The token is handed back
 * once and is on the ledger only as a digest.
 * @param anew also if somebody is known: for whoever lost the first one and can start the server
 */
export async function firstAdmin(people: People, anew: boolean): Promise<string | undefined> {
  if (people.list().length > 0 && !anew) return undefined
  return signIn(people, { id: 'admin', name: 'Admin', groups: ['dba'], roles: ['admin', 'reviewer'] })
}

/** Makes a person if there is none by that id, and a fresh token for them; earlier ones of this kind are revoked. */
export async function signIn(people: People, person: Omit<Person, 'kind' | 'actors'>): Promise<string> {
  const label = 'made at start'
  if (people.get(person.id) === undefined) {
    await people.put({ kind: 'human', actors: [], ...person }, 'sallyport')
  }
  for (const token of people.tokensOf(person.id)) {
    if (token.label === label) await people.revokeToken(token.id, 'sallyport')
  }
  const { token } = await people.issueToken(person.id, { label, expiresAt: null, by: 'sallyport' })
  return token
}
