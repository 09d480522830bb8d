import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createApi, startApi } from '../api/index.ts'
import { type Config, formatAddress } from '../config/index.ts'
import type { PostgresDoor } from '../doors/postgres/index.ts'
import { errorMessage } from '../errors/index.ts'
import { LedgerGate, settleUnfinished, WindowKeeper } from '../gate/index.ts'
import { BreakGlass, Holds } from '../holds/index.ts'
import { type Ledger, openFileLedger, verifyInThread } from '../ledger/index.ts'
import { Locks, locksOut } from '../locks/index.ts'
import type { Notifier } from '../notify/index.ts'
import { Absences, argon2idHasher, People, passwordFile, SignIn, SignInThrottle } from '../people/index.ts'
import type { Rulebook } from '../rulebook/index.ts'
import type { RuleStore } from '../rules/index.ts'
import { openActionIndex } from '../search/index.ts'
import { version } from '../version.ts'
import { checkTheOld } from './check-the-old.ts'
import { type Log, logTo } from './log.ts'
import { openChanges } from './open-changes.ts'
import { openDoor, viewOf } from './open-door.ts'
import { openNotify } from './open-notify.ts'
import { openPasskeys } from './open-passkeys.ts'
import { openRules, rulesNow } from './open-rules.ts'
import { openTransparencyLog } from './open-transparency-log.ts'
import { record } from './record.ts'

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
  readonly signIn: SignIn
  readonly holds: Holds
  readonly ledger: Ledger
  readonly rules: RuleStore
  readonly rulebook: Rulebook
  /** Reads rules and certificates again. What cannot be used is logged, and what is in use stays. */
  reload(): Promise<void>
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
  let notifier: Notifier | undefined
  try {
    const ledger = await openFileLedger({
      directory: join(config.data, 'ledger'),
      onState: (state, reason) => {
        log('ledger_state', { state, ...(reason === undefined ? {} : { reason: errorMessage(reason) }) })
        if (state === 'failed') notifier?.recordFailed(errorMessage(reason))
      },
    })
    opened.push(() => ledger.close())
    checkTheOld(ledger, join(config.data, 'ledger'), log)
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
    const publicUrl = config.publicUrl ?? `http://${formatAddress(config.listen)}`
    const { passkeys, tapRules } = await openPasskeys(config.passkeys, { ledger, publicUrl })
    opened.push(async () => passkeys.close())
    const signIn = new SignIn({
      people,
      passkeys,
      ledger,
      hasher: argon2idHasher(),
      passwords: await passwordFile(join(config.data, 'passwords')),
      throttle: new SignInThrottle(),
    })
    opened.push(async () => signIn.close())
    const isPerson = people.isSamePerson.bind(people)
    const locks = await Locks.open({ ledger, isPerson })
    opened.push(async () => locks.close())
    const isLocked = (person: string) => locks.onPerson(person) !== undefined
    const absences = await Absences.open({ ledger, people, isLocked })
    opened.push(async () => absences.close())
    const parties = { reviewer: (id: string) => absences.reviewerOf(id), isRequester: isPerson }
    const emergency = config.breakGlass.groups
    const holds = await Holds.open({ ledger, ...parties, breakGlass: emergency, passkeys: tapRules })
    opened.push(async () => holds.close())
    const breakGlass = new BreakGlass({ ledger, holds, ...parties, groups: emergency, passkeys: tapRules })
    holds.subscribe((hold) => {
      if (hold.state !== 'approved' || hold.forced === null) return
      log('BREAK_GLASS', { hold: hold.hold, by: hold.forced.by, reason: hold.forced.reason, door: hold.door })
    })
    const { changes, workloads } = await openChanges(config, ledger, people)
    opened.push(async () => changes.close())

    const windows = new WindowKeeper({ ledger })
    const rulePeople = { reviewer: parties.reviewer, isPerson }
    const rules = await openRules(config, ledger, windows, rulePeople, log)
    opened.push(() => rules.close())
    const { rulebook, canary } = rules

    const notify = await openNotify(config, { ledger, holds, locks, rulebook, publicUrl, log })
    notifier = notify
    opened.push(() => notify.close())
    const gate = new LedgerGate({
      ledger: windows.record,
      holds,
      locks,
      moment: (actions) => windows.moment(actions),
      judge: () => rulebook.store.current().judge,
      beside: canary,
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
    const consoleDir = fileURLToPath(new URL('../console', import.meta.url))
    const app = createApi({
      people,
      absences,
      signIn,
      passkeys,
      tapRules,
      holds,
      breakGlass,
      locks,
      changes,
      workloads,
      notify,
      ledger,
      search,
      rules: { current: () => rulesNow(rulebook), subscribe: (listener) => rulebook.subscribe(listener) },
      rulebook,
      canary,
      doors: views,
      sessions: {
        list: (name) => doors.find((door) => door.name === name)?.sessionViews(),
        end: (name, session, by) => doors.find((door) => door.name === name)?.endSession(session, by) ?? false,
      },
      verify: () => verifyInThread(join(config.data, 'ledger')),
      publicLog: transparency,
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
      const { door: running, close } = await openDoor(door, { gate, people, changes }, log)
      doors.push(running)
      opened.push(async () => {
        await close()
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
      signIn,
      holds,
      ledger,
      rules: rulebook.store,
      rulebook,
      reload: async () => {
        for (const door of doors) {
          try {
            door.reloadCertificate()
          } catch (error) {
            log('certificate_refused', { door: door.name, error: errorMessage(error) })
          }
        }
        await rulebook.store.reload()
      },
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
