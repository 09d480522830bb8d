import type { Socket } from 'node:net'
import type { Actor, Target } from '../../action/index.ts'
import type { ChangeRun, Gate } from '../../gate/index.ts'
import { understandBatch } from './batch.ts'
import { bindingDigest } from './binding.ts'
import { SessionCatalog, type SharedCatalog } from './catalog/index.ts'
import { ChangeFollower } from './change-follower.ts'
import { ClientLink } from './client-link.ts'
import { type DoorGrammar, type Grammar, longestInline } from './grammar/index.ts'
import { fatalMessage, fatalRefusalMessage } from './messages.ts'
import { PreparedNames } from './prepared.ts'
import { type ActionEnd, Replies } from './replies.ts'
import { ServerLink } from './server-link.ts'
import type { ServiceSignIn } from './sign-in/service-sign-in.ts'
import { startupSettings, startupSteps } from './startup.ts'
import { actionOf, SessionFacts } from './statement-action.ts'
import { decoded, readStatement } from './statement-text.ts'
import { resolveExecutes, type Step, stepsOf, unknownFacts } from './steps.ts'
import type { WithoutChannelBinding } from './tls/channel-binding.ts'
import { UnitRunner } from './unit-runner.ts'
import { readParameterStatus } from './wire/backend-messages.ts'
import { terminateMessage } from './wire/encode.ts'
import { type Frame, FrameSplitter, printableType } from './wire/frame-splitter.ts'
import { readParse, readQuery, type StartupMessage } from './wire/frontend-messages.ts'
import { backend, frontend } from './wire/message-types.ts'
import type { Ran, RunnerPolicy, Work } from './work.ts'

export interface SessionOptions {
  readonly gate: Gate
  readonly door: string
  readonly actor: Actor
  readonly target: Target
  readonly policy: RunnerPolicy
  /** Longest client message, in bytes. */
  readonly messageBytes: number
  /** The grammar for a server's major version; 0: any. */
  readonly grammar: (major: number) => Promise<DoorGrammar>
  /** What is known of the catalog of the database that the client asks for. */
  readonly catalog: SharedCatalog
  /** The client showed the secret of a change. */
  readonly change?: ChangeRun | undefined
  /** Signs in to the server; not given: the client does. */
  readonly signIn?: ServiceSignIn | undefined
  /** Where client and server each speak TLS with the door. */
  readonly binding?: WithoutChannelBinding
  readonly now: () => number
  readonly log: (event: string, details: Record<string, unknown>) => void
  /** The server told the key by which this session's statements can be cancelled. */
  readonly onKey: (key: Buffer) => void
  readonly onClosed: () => void
}

/** One client connection as operators see it. */
export interface SessionView {
  readonly id: string
  readonly actor: Pick<Actor, 'id' | 'name' | 'kind'>
  readonly ip: string
  /** What the client calls itself; a claim. */
  readonly application: string
  readonly database: string
  /** RFC 3339. */
  readonly since: string
  /** It waits for a reviewer. */
  readonly waiting: boolean
}

/** Client messages waiting to be handled beyond this many bytes pause the client. */
const queueBytes = 1024 * 1024

/** From this version on a session can have its counts reported at once (pg_stat_force_next_flush). */
const countingMajor = 15

/** A simple message: it ends itself. */
const alone = {
  sync: undefined,
  extended: false,
  stepAt: [],
  stepEnd: 1,
  isImplicitCommit: false,
  completed: () => undefined,
} as const

/** A Sync that ends the implicit transaction of batches before it. */
const implicitCommit: Step = {
  facts: { ...unknownFacts('COMMIT', 'COMMIT', []), bounded: true, reversible: 'no' },
  text: { bytes: Buffer.alloc(0), sql: 'COMMIT', understanding: { kind: 'understood', statements: [] } },
}

/** To a client that would use channel binding if the server offered it, which here it cannot. */
const unbindable = [
  'the sign-in cannot be bound to the channel: the connection is encrypted to the door, and from there anew to the server',
  'Connect with channel_binding=disable, or let the door use the certificate of the server itself (doors[].tls).',
] as const

/** Settings that decide what names in a statement mean; a change makes another action of the same bytes. */
const bindingSettings = new Set(['search_path', 'role', 'session_authorization'])

/**
 * One client connection and its server connection, after the StartupMessage. Authentication is passed through; from
 * the first ReadyForQuery on every client message is understood before anything of it reaches the server.
 */
export class Session {
  readonly #options: SessionOptions
  readonly #facts: SessionFacts
  readonly #client: ClientLink
  readonly #server: ServerLink
  readonly #replies: Replies
  readonly #runner: UnitRunner
  readonly #change: ChangeFollower | undefined
  readonly #names = new PreparedNames()
  readonly #splitter: FrameSplitter
  readonly #parameters = new Map<string, string>()
  readonly #context: Record<string, string> = {}
  readonly #since: string
  #grammar: DoorGrammar | undefined
  /** Of the server; 0: not known yet. */
  #major = 0
  #state: 'starting' | 'ready' | 'closed' = 'starting'
  #queue: Frame[] = []
  #queuedBytes = 0
  #batch: Frame[] = []
  #batchBytes = 0
  #skipToSync = false
  #busy = false
  #quietWaiters: (() => void)[] = []

  constructor(client: Socket, server: Socket, options: SessionOptions) {
    this.#options = options
    this.#since = new Date(options.now()).toISOString()
    this.#splitter = new FrameSplitter(options.messageBytes)
    this.#client = new ClientLink(client, {
      full: () => server.pause(),
      room: () => server.resume(),
      failed: (error) => this.#fail(error),
    })
    this.#server = new ServerLink(server, {
      reply: (type, frame) => this.#reply(type, frame),
      relay: (chunk) => this.#relay(chunk),
      quiet: () => this.#replies.quiet,
    })
    this.#replies = new Replies(
      (ends) => this.#settle(ends),
      () => this.#nowQuiet(),
    )
    const { gate, door, actor, target, policy, now } = options
    this.#facts = new SessionFacts(door, actor, target)
    const { change } = options
    if (change !== undefined) this.#change = new ChangeFollower(change, () => this.#requireGrammar(), this.#context)
    this.#runner = new UnitRunner({
      client: this.#client,
      server: this.#server,
      replies: this.#replies,
      gate,
      facts: this.#facts,
      change: this.#change,
      policy,
      now,
      catalog: new SessionCatalog(options.catalog, () => this.#requireGrammar()),
      grammar: () => this.#requireGrammar(),
      context: () => this.#context,
      countsRows: () => this.#major >= countingMajor,
      isClosed: () => this.#state === 'closed',
      fail: (error) => this.#fail(error),
    })
    client.on('data', (chunk: Buffer) => this.#guarded(() => this.#fromClient(chunk)))
    client.on('end', () => this.#close('client ended'))
    client.on('error', (error) => this.#close(`client connection: ${error.message}`))
    client.on('close', () => this.#close('client closed'))
    const { signIn } = options
    server.on('data', (chunk: Buffer) =>
      this.#guarded(() => this.#server.receive(signIn === undefined ? chunk : signIn.fromServer(chunk))),
    )
    server.on('drain', () => this.#resumeClient())
    server.on('end', () => this.#close('server ended'))
    server.on('error', (error) => this.#close(`server connection: ${error.message}`))
    server.on('close', () => this.#close('server closed'))
  }

  /** For operators: who is connected, and since when. */
  get view(): SessionView {
    const { actor, target } = this.#options
    return {
      id: actor.client.session,
      actor: { id: actor.id, name: actor.name, kind: actor.kind },
      ip: actor.client.ip,
      application: actor.client.application,
      database: target.database ?? '',
      since: this.#since,
      waiting: this.isWaiting,
    }
  }

  get isWaiting(): boolean {
    return this.#runner.isWaiting
  }

  /** Judges the connection with its startup settings, then sends the StartupMessage on. */
  async start(startup: StartupMessage, raw: Buffer): Promise<void> {
    this.#grammar = await this.#options.grammar(0)
    const steps = startupSteps(startup, this.#grammar)
    const { policy, gate, now } = this.#options
    const actions = steps.map((step) => actionOf(step, this.#facts, undefined, now()))
    const unit = { actions, digest: bindingDigest(steps, {}), unknown: policy.unknown, record: 'now', wait: 0 } as const
    const decision = gate.submit(unit, () => undefined)
    if (decision.kind !== 'pass') {
      if (decision.kind === 'refuse') this.#client.write(fatalRefusalMessage(decision.refusal))
      return this.#close('startup refused')
    }
    try {
      await decision.recorded
    } catch (error) {
      return this.#fail(error)
    }
    for (const [name, value] of startupSettings(startup) ?? []) {
      if (bindingSettings.has(name.toLowerCase())) this.#context[name.toLowerCase()] = value
    }
    if (this.#state === 'closed') return
    // Answered like a query: ReadyForQuery ends it, an error means that the sign-in failed.
    this.#replies.expect({ kind: 'query', actions: actions.map((action) => action.id), done: () => undefined })
    this.#server.send(raw)
  }

  /** A cancel request with this session's key. true: it was held, and is withdrawn; the server need not be told. */
  cancel(): boolean {
    return this.#runner.cancel()
  }

  /** Ends the session, telling the client why. */
  terminate(code: string, message: string, hint?: string): void {
    if (this.#state === 'closed') return
    this.#client.discardKept()
    this.#client.write(fatalMessage(code, message, hint))
    this.#close(message)
  }

  #guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      this.#options.log('session_failed', { message, ...(error instanceof RangeError ? {} : { error }) })
      this.terminate('08P01', `protocol violation: ${message}`)
    }
  }

  #fromClient(chunk: Buffer): void {
    if (this.#state === 'closed') return
    for (const frame of this.#splitter.push(chunk)) {
      if (this.#state === 'starting') {
        const mayAnswer = frame.type === frontend.password && this.#options.signIn === undefined
        if (!mayAnswer && frame.type !== frontend.terminate) {
          throw new RangeError(`message ${printableType(frame.type)} before the session is ready`)
        }
        if (frame.type === frontend.password && this.#options.binding?.isMistaken(frame.bytes) === true) {
          return this.terminate('28000', ...unbindable)
        }
        this.#server.send(frame.bytes)
        continue
      }
      this.#queue.push(frame)
      this.#queuedBytes += frame.bytes.length
    }
    if (this.#queuedBytes + this.#splitter.pendingBytes > queueBytes + this.#options.messageBytes)
      this.#client.socket.pause()
    this.#pump()
  }

  /** Handles queued messages until one has to wait. */
  #pump(): void {
    while (!this.#busy && this.#state === 'ready') {
      const frame = this.#queue.shift()
      if (frame === undefined) break
      this.#queuedBytes -= frame.bytes.length
      const pending = this.#handle(frame)
      if (pending !== undefined) {
        this.#busy = true
        pending
          .catch((error: unknown) =>
            this.#guarded(() => {
              throw error
            }),
          )
          .finally(() => {
            this.#busy = false
            this.#guarded(() => this.#pump())
          })
      }
    }
    this.#resumeClient()
  }

  #resumeClient(): void {
    if (this.#queuedBytes <= queueBytes && this.#client.socket.isPaused() && !this.#server.socket.writableNeedDrain) {
      this.#client.socket.resume()
    }
  }

  #handle(frame: Frame): Promise<void> | undefined {
    const { type } = frame
    if (type === frontend.terminate) {
      this.#close('client terminated')
      return undefined
    }
    if (type === frontend.copyData || type === frontend.copyDone || type === frontend.copyFail) {
      // Outside a copy the server ignores these (PostgreSQL source, PostgresMain).
      if (type !== frontend.copyData) this.#replies.copyEnded()
      if (!this.#server.send(frame.bytes)) this.#client.socket.pause()
      return undefined
    }
    if (this.#replies.copyIn) {
      // While it reads CopyData the server ignores Sync and Flush, and takes anything else for an error.
      if (type === frontend.sync || type === frontend.flush) return undefined
      throw new RangeError(`message ${printableType(type)} during COPY`)
    }
    switch (type) {
      case frontend.query:
        this.#requireNoBatch()
        return this.#whenQuiet(() => this.#query(frame))
      case frontend.functionCall:
        this.#requireNoBatch()
        return this.#whenQuiet(() => this.#functionCall(frame))
      case frontend.parse:
      case frontend.bind:
      case frontend.describe:
      case frontend.execute:
      case frontend.close:
        if (this.#skipToSync) return undefined
        this.#batch.push(frame)
        this.#batchBytes += frame.bytes.length
        // The server would answer nothing before Flush or Sync; a batch too long to keep is judged in parts.
        return this.#batchBytes > queueBytes ? this.#whenQuiet(() => this.#endBatch(undefined)) : undefined
      case frontend.flush:
        requireEmpty(frame)
        if (this.#batch.length === 0) return this.#sendAlone(frame)
        if (this.#skipToSync) return undefined
        return this.#replies.quiet ? this.#endBatch(frame) : this.#whenQuiet(() => this.#endBatch(frame))
      case frontend.sync:
        requireEmpty(frame)
        if (this.#batch.length === 0 && !this.#skipToSync && !this.#runner.mustMeasure) return this.#sendAlone(frame)
        return this.#replies.quiet ? this.#endBatch(frame) : this.#whenQuiet(() => this.#endBatch(frame))
      default:
        throw new RangeError(`message type ${printableType(type)} is not known`)
    }
  }

  /**
   * Sync or Flush with nothing before it to judge goes on at once. It must not wait until all is answered: after
   * CopyDone the server keeps its answer until the Sync comes.
   */
  #sendAlone(frame: Frame): undefined {
    if (frame.type === frontend.sync) this.#replies.expect({ kind: 'sync' })
    this.#server.send(frame.bytes)
  }

  #requireNoBatch(): void {
    if (this.#batch.length > 0) throw new RangeError('a simple query in the middle of an extended batch')
  }

  #whenQuiet(work: () => Promise<void> | undefined): Promise<void> | undefined {
    if (this.#replies.quiet) return work()
    return new Promise<void>((resolve) => this.#quietWaiters.push(resolve)).then(work)
  }

  #nowQuiet(): void {
    if (this.#quietWaiters.length === 0) return
    const waiters = this.#quietWaiters
    this.#quietWaiters = []
    // Not from inside the scan of a chunk: what it holds must be relayed first.
    setImmediate(() => {
      for (const waiter of waiters) waiter()
    })
  }

  #query(frame: Frame): Promise<void> | undefined {
    if (this.#skipToSync) return undefined
    return this.#readAhead([frame], (grammar) => this.#understoodQuery(frame, grammar))
  }

  #understoodQuery(frame: Frame, grammar: Pick<Grammar, 'understand'>): Promise<void> | undefined {
    const text = readStatement(readQuery(frame.bytes), this.#lexerSettings(), grammar)
    const steps = resolveExecutes(stepsOf(text), (name) => this.#names.factsOf(name))
    const completed = (i: number) => this.#completed(steps[i])
    return this.#run({
      ...alone,
      steps,
      messages: [frame.bytes],
      completed,
      expect: (actions) => [{ kind: 'query', actions, done: completed }],
    })
  }

  #functionCall(frame: Frame): Promise<void> | undefined {
    if (this.#skipToSync) return undefined
    if (this.#runner.mustMeasure) throw new RangeError('a function call in the middle of an extended batch')
    const oid = frame.bytes.length >= 9 ? frame.bytes.readUInt32BE(5) : 0
    const sql = `FUNCTION CALL ${oid}`
    const reason = 'The fast-path interface calls a function by number, past the SQL parser.'
    const text = { bytes: frame.bytes, sql, understanding: { kind: 'unknown', reason } } as const
    return this.#run({
      ...alone,
      steps: [{ facts: unknownFacts('FUNCTION CALL', sql, ['execute', 'unknown']), text, reason }],
      messages: [frame.bytes],
      expect: ([action]) => [{ kind: 'function', action: action ?? '' }],
    })
  }

  #endBatch(end: Frame | undefined): Promise<void> | undefined {
    const frames = this.#batch
    this.#batch = []
    this.#batchBytes = 0
    const isSync = end?.type === frontend.sync
    if (this.#skipToSync) {
      if (!isSync) return undefined
      this.#skipToSync = false
      return this.#runner.finishRefused()
    }
    return this.#readAhead(frames, (grammar) => this.#understoodBatch(frames, end, grammar))
  }

  #understoodBatch(
    frames: readonly Frame[],
    end: Frame | undefined,
    grammar: Pick<Grammar, 'understand'>,
  ): Promise<void> | undefined {
    const isSync = end?.type === frontend.sync
    const batch = understandBatch(frames, {
      names: this.#names,
      grammar,
      settings: this.#lexerSettings(),
      completed: (step) => this.#completed(step),
    })
    const flush = end !== undefined && !isSync ? [end.bytes] : []
    // What earlier batches did without a Sync becomes final now.
    const isImplicitCommit = isSync && batch.steps.length === 0 && this.#runner.mustMeasure
    return this.#run({
      steps: isImplicitCommit ? [implicitCommit] : batch.steps,
      stepAt: isImplicitCommit ? [frames.length] : batch.stepAt,
      stepEnd: frames.length,
      isImplicitCommit,
      completed: () => undefined,
      messages: [...frames.map((frame) => frame.bytes), ...flush],
      sync: isSync ? end.bytes : undefined,
      extended: true,
      expect: batch.expect,
    })
  }

  #run(work: Work): Promise<void> | undefined {
    const ran = this.#runner.run(work)
    if (ran instanceof Promise) return ran.then((late) => this.#after(late))
    return this.#after(ran)
  }

  #after(ran: Ran): Promise<void> | undefined {
    if (ran !== 'forwarded') this.#change?.refused()
    switch (ran) {
      case 'forwarded':
        return undefined
      case 'refused':
        return this.#state === 'closed' ? undefined : this.#runner.finishRefused()
      case 'skipToSync':
        this.#skipToSync = true
        return undefined
    }
  }

  /** Goes on at once, or when the long texts among the messages have been read elsewhere. */
  #readAhead(
    frames: readonly Frame[],
    next: (grammar: Pick<Grammar, 'understand'>) => Promise<void> | undefined,
  ): Promise<void> | undefined {
    const grammar = this.#requireGrammar()
    const long = frames.filter(({ bytes }) => bytes.length > longestInline)
    if (long.length === 0) return next(grammar)
    const texts = long.flatMap(({ type, bytes }) => {
      if (type !== frontend.query && type !== frontend.parse) return []
      const text = decoded(type === frontend.query ? readQuery(bytes) : readParse(bytes).text, this.#lexerSettings())
      return 'sql' in text ? [text.sql] : []
    })
    const ahead = grammar.ahead(texts)
    if (ahead === undefined) return next(grammar)
    return ahead.then((read) => (this.#state === 'closed' ? undefined : next(read)))
  }

  #requireGrammar(): DoorGrammar {
    if (this.#grammar === undefined) throw new Error('no grammar is loaded')
    return this.#grammar
  }

  #lexerSettings() {
    return {
      clientEncoding: this.#parameters.get('client_encoding') ?? '',
      standardConformingStrings: this.#parameters.get('standard_conforming_strings') ?? '',
    }
  }

  /** A statement ran to its end: what it did to the session's names and settings. */
  #completed(step: Step | undefined): void {
    if (step === undefined) return
    this.#names.completed(step.facts, step.text)
    for (const { name, value } of step.facts.settings) {
      if (bindingSettings.has(name)) this.#context[name] = value ?? 'default'
    }
  }

  #reply(type: number, frame: Buffer | undefined): void {
    switch (type) {
      case backend.parameterStatus:
        if (frame !== undefined) {
          const { name, value } = readParameterStatus(frame)
          this.#parameters.set(name, value)
        }
        return
      case backend.backendKeyData:
        if (frame !== undefined && this.#state === 'starting') this.#options.onKey(Buffer.from(frame.subarray(5)))
        return
      case backend.readyForQuery:
        this.#replies.reply(type, frame)
        // Portals end with their transaction.
        if (this.#replies.status === 'I') {
          this.#names.portals.clear()
          this.#change?.idle()
        }
        if (this.#state === 'starting') this.#ready()
        return
      default:
        this.#replies.reply(type, frame)
    }
  }

  #ready(): void {
    const major = Number.parseInt(this.#parameters.get('server_version') ?? '', 10)
    this.#major = Number.isNaN(major) ? 0 : major
    this.#busy = true
    this.#state = 'ready'
    this.#options
      .grammar(this.#major)
      .then((grammar) => {
        this.#grammar = grammar
        this.#busy = false
        this.#guarded(() => this.#pump())
      })
      .catch((error: unknown) => this.#fail(error))
  }

  #settle(ends: readonly ActionEnd[]): void {
    for (const end of ends) if (end.action !== '') this.#options.gate.settle(end.action, end)
    this.#change?.settled(ends)
  }

  #relay(chunk: Buffer): void {
    const { binding } = this.#options
    this.#client.write(binding === undefined ? chunk : binding.fromServer(chunk))
  }

  #fail(error: unknown): void {
    this.#options.log('record_lost', { error })
    this.terminate(
      'SP005',
      'Refused: the record of this statement could not be written.',
      'The session is ended and the server rolls back what was not committed. Check the disk under the data folder.',
    )
  }

  #close(reason: string): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#runner.abandon()
    const { ends, open } = this.#replies.abandon()
    this.#settle(ends)
    this.#change?.leave()
    for (const action of open) {
      if (action === '') continue
      this.#options.gate.settle(action, {
        outcome: 'unknown',
        rows: null,
        message: `The connection ended first: ${reason}.`,
      })
    }
    if (!this.#server.socket.destroyed) this.#server.socket.end(terminateMessage)
    this.#client.end()
    this.#server.socket.setTimeout(5_000, () => this.#server.socket.destroy())
    this.#client.socket.setTimeout(5_000, () => this.#client.socket.destroy())
    this.#options.onClosed()
  }
}

/** The server would answer a Sync that carries something with an error that belongs to no statement. */
function requireEmpty({ type, bytes }: Frame): void {
  if (bytes.length !== 5) throw new RangeError(`message ${printableType(type)} has a body`)
}
