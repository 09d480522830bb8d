import { createServer, type Server, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { type Actor, type Outcome, type Target, uuidv7 } from '../../action/index.ts'
import { errorMessage, SallyportError } from '../../errors/index.ts'
import type { ChangeRun, Gate } from '../../gate/index.ts'
import { SharedCatalog } from './catalog/index.ts'
import { type EnterChange, enterChange } from './change-entry.ts'
import { takeSecret } from './change-secret.ts'
import { farewell } from './farewell.ts'
import { DoorGrammar } from './grammar/index.ts'
import { fatalMessage } from './messages.ts'
import { Session, type SessionOptions, type SessionView } from './session.ts'
import { type DoorCredentials, DoorSignIn, type Known } from './sign-in/door-sign-in.ts'
import { ServiceSignIn } from './sign-in/service-sign-in.ts'
import { asksForReplication, startupText } from './startup.ts'
import { type Encryption, type FirstMessage, negotiate } from './startup-negotiation.ts'
import { WithoutChannelBinding } from './tls/channel-binding.ts'
import { ClientTls, type ClientTlsFiles } from './tls/client-tls.ts'
import { connectUpstream, type Upstream, type UpstreamConnection } from './tls/upstream.ts'
import type { CancelRequest, StartupMessage } from './wire/frontend-messages.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

export interface PostgresDoorOptions {
  readonly name: string
  readonly listen: Address
  readonly upstream: Upstream
  /** TLS towards clients. `required`: none is served without. */
  readonly tls?: (ClientTlsFiles & { readonly required: boolean }) | undefined
  /** What to call the system behind the door. */
  readonly system: string
  readonly environment: string
  /** Verdict for what cannot be understood. */
  readonly unknown: Outcome
  /** Milliseconds a client may wait for reviewers. */
  readonly wait: number
  readonly record: 'strict' | 'batched'
  /** Whether what a transaction did is measured before it becomes final. */
  readonly commitGate: boolean
  /** Rows whose keys are shown where a statement is held; 0: none. */
  readonly sample: number
  readonly limits: { readonly connections: number; readonly messageBytes: number; readonly startupTimeout: number }
  readonly gate: Gate
  /** Not given: the clients' own credentials pass through. */
  readonly credentials?: DoorCredentials | undefined
  /** What a session is that shows the secret of a change; undefined: no change has it. Not given: there are none. */
  readonly enterChange?: EnterChange
  /** What is known of somebody who acts at this door: kind, groups, owner. */
  readonly identify: (actorId: string) => Partial<Pick<Actor, 'kind' | 'groups' | 'owner' | 'name'>>
  readonly log: (event: string, details: Record<string, unknown>) => void
  readonly now?: () => number
}

type Startup = Extract<FirstMessage, { kind: 'startup' }>

/** What a client has proved of itself before it has a session. */
interface Proved {
  /** Subject of its TLS certificate. */
  readonly certificate: string | undefined
  /** Who signed in at a door with credentials of its own. */
  readonly known: Known | undefined
  /** The change whose secret it showed. */
  readonly change: ChangeRun | undefined
}

/** Databases whose catalogs are kept in mind. */
const mostCatalogs = 100

/** A PostgreSQL door: listens for clients, and gives each a connection of its own to the server behind. */
export class PostgresDoor {
  readonly #options: PostgresDoorOptions
  readonly #server: Server
  /** Sessions, and who acts in them. */
  readonly #sessions = new Map<Session, Actor>()
  readonly #negotiating = new Set<Socket>()
  /** Sessions by cancel key (process id and secret, as the server gave them). */
  readonly #keys = new Map<string, Session>()
  readonly #catalogs = new Map<string, SharedCatalog>()
  readonly #grammars = new Map<number, Promise<DoorGrammar>>()
  readonly #signIn: DoorSignIn | undefined
  readonly #tls: ClientTls | undefined
  /** Clients for whom a connection to the server is being made. */
  #connecting = 0
  #unreachable: string | null = null

  private constructor(options: PostgresDoorOptions) {
    this.#options = options
    const { name, credentials, gate, limits, now = Date.now } = options
    if (credentials !== undefined) {
      this.#signIn = new DoorSignIn({
        door: name,
        credentials,
        gate,
        grammar: () => this.#grammar(0),
        target: (database) => this.#target(database),
        timeout: limits.startupTimeout,
        now,
      })
    }
    this.#tls = options.tls === undefined ? undefined : new ClientTls(options.tls, options.limits.startupTimeout)
    // A client that half-closes has gone away as far as PostgreSQL's protocol is concerned.
    this.#server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 }, (socket) => {
      this.#accept(socket).catch((error: unknown) => {
        options.log('connection_failed', { error })
        socket.destroy()
      })
    })
  }

  /** @throws SallyportError `address_in_use`, `listen_failed`, `config_invalid` for certificates that cannot be used */
  static async open(options: PostgresDoorOptions): Promise<PostgresDoor> {
    const door = new PostgresDoor(options)
    await door.#grammar(0)
    const { host, port } = options.listen
    await new Promise<void>((resolve, reject) => {
      door.#server.once('error', (error: NodeJS.ErrnoException) => {
        reject(
          error.code === 'EADDRINUSE'
            ? new SallyportError(
                'address_in_use',
                `Door ${options.name} cannot listen on ${host}:${port}: the port is taken.`,
                {
                  hint: `See what uses it with: ss -ltnp 'sport = :${port}' ; or change doors[].listen.`,
                  cause: error,
                },
              )
            : new SallyportError(
                'listen_failed',
                `Door ${options.name} cannot listen on ${host}:${port}: ${error.message}`,
                {
                  cause: error,
                },
              ),
        )
      })
      door.#server.listen(port, host, resolve)
    })
    return door
  }

  get name(): string {
    return this.#options.name
  }

  /** Where clients connect, with the port really taken. */
  get address(): Address {
    const address = this.#server.address()
    return address !== null && typeof address === 'object'
      ? { host: address.address, port: address.port }
      : this.#options.listen
  }

  get sessions(): number {
    return this.#sessions.size
  }

  /** Why the server behind could not be reached when a client came last; null: it could, or nobody came yet. */
  get unreachable(): string | null {
    return this.#unreachable
  }

  sessionViews(): SessionView[] {
    return [...this.#sessions.keys()].map((session) => session.view)
  }

  /** Ends a session with SQLSTATE 57P01, as an administrator does on the server. Returns whether there was one. */
  endSession(id: string, by: string): boolean {
    const session = [...this.#sessions.keys()].find(({ view }) => view.id === id)
    session?.terminate('57P01', `terminating connection: ended by ${by}`, 'Ask them why before you connect again.')
    return session !== undefined
  }

  /** Clients kept waiting for reviewers. */
  get waiting(): number {
    return [...this.#sessions.keys()].filter((session) => session.isWaiting).length
  }

  /** Ends the sessions of some actors at once. @returns how many */
  cut(whose: (actor: Actor) => boolean, message: string, hint: string): number {
    const cut = [...this.#sessions].filter(([, actor]) => whose(actor))
    for (const [session] of cut) session.terminate('57P01', message, hint)
    return cut.length
  }

  /** Takes no more clients and ends the sessions with a message (SQLSTATE 57P01, as a server that shuts down). */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#negotiating) socket.destroy()
    for (const session of [...this.#sessions.keys()]) {
      session.terminate('57P01', 'terminating connection: the door is closing', 'Reconnect in a moment.')
    }
    await closed
  }

  async #accept(raw: Socket): Promise<void> {
    raw.on('error', () => undefined)
    const { limits, tls } = this.#options
    this.#negotiating.add(raw)
    raw.once('close', () => this.#negotiating.delete(raw))
    const offered: Encryption = tls === undefined ? 'none' : tls.required ? 'required' : 'offered'
    let client = raw
    let certificate: string | undefined
    let first = await negotiate(client, limits.startupTimeout, offered)
    if (first?.kind === 'tls') {
      const secured = await this.#tls?.secure(raw, first.isDirect)
      if (secured === undefined) return
      client = secured.socket
      certificate = secured.certificate
      first = await negotiate(client, limits.startupTimeout, 'done')
    }
    if (first === undefined || first.kind === 'tls') return
    if (first.kind === 'cancel') {
      client.destroy()
      return this.#cancel(first.request)
    }
    if (asksForReplication(first.startup)) {
      farewell(
        client,
        fatalMessage(
          'SP002',
          'Blocked: replication connections do not pass this door.',
          'Connect to the server directly, with an account meant for it.',
        ),
      )
      return
    }
    if (this.#sessions.size + this.#connecting >= limits.connections) {
      farewell(
        client,
        fatalMessage('53300', `Door ${this.#options.name} serves ${limits.connections} connections already.`),
      )
      return
    }
    const shown = takeSecret(first.startup)
    if (shown !== undefined) first = { ...first, ...shown }
    const change = shown === undefined ? undefined : enterChange(client, shown, this.#options)
    if (change === 'refused') return
    const user = first.startup.parameters.get('user') ?? ''
    if (user === '') {
      farewell(client, fatalMessage('28000', 'no PostgreSQL user name specified in startup packet'))
      return
    }
    const admitted = await this.#signIn?.admit(client, first, certificate)
    if (this.#signIn !== undefined && (admitted === undefined || client.destroyed)) return
    const server = await this.#reach(client)
    if (server === undefined) return
    this.#negotiating.delete(raw)
    await this.#serve(client, admitted ?? first, server, { certificate, known: admitted?.known, change })
  }

  /** Connects to the server behind; undefined: it cannot be reached, and the client knows, or the client has left. */
  async #reach(client: Socket): Promise<UpstreamConnection | undefined> {
    const { upstream, name, log } = this.#options
    this.#connecting += 1
    try {
      const server = await connectUpstream(upstream)
      this.#unreachable = null
      if (!client.destroyed) return server
      server.socket.destroy()
    } catch (error) {
      const reason = errorMessage(error)
      this.#unreachable = reason
      log('upstream_unreachable', { upstream: `${upstream.host}:${upstream.port}`, error: reason })
      farewell(
        client,
        fatalMessage(
          '08001',
          `Door ${name} cannot reach the server behind it at ${upstream.host}:${upstream.port}: ${reason}`,
          'Check that the server runs and that doors[].upstream is right.',
        ),
      )
    } finally {
      this.#connecting -= 1
    }
    return undefined
  }

  async #serve(
    client: Socket,
    first: Pick<Startup, 'startup' | 'raw' | 'rest'>,
    server: UpstreamConnection,
    proved: Proved,
  ): Promise<void> {
    const { limits, gate, name, log } = this.#options
    const who = this.#who(client, first.startup, proved)
    let key: string | undefined
    const session = new Session(client, server.socket, {
      gate,
      door: name,
      ...who,
      policy: {
        unknown: this.#options.unknown,
        wait: this.#options.wait,
        record: this.#options.record,
        commitGate: this.#options.commitGate,
        sample: this.#options.sample,
      },
      messageBytes: limits.messageBytes,
      grammar: (major) => this.#grammar(major),
      catalog: this.#catalog(who.target.database ?? ''),
      change: proved.change,
      ...this.#signInOf(client, server, (code, message, hint) => session.terminate(code, message, hint)),
      now: this.#options.now ?? Date.now,
      log,
      onKey: (bytes) => {
        key = bytes.toString('hex')
        this.#keys.set(key, session)
      },
      onClosed: () => {
        this.#sessions.delete(session)
        if (key !== undefined) this.#keys.delete(key)
      },
    })
    this.#sessions.set(session, who.actor)
    await session.start(first.startup, first.raw)
    // What came along with the StartupMessage, and everything after it.
    if (first.rest.length > 0) client.unshift(first.rest)
    client.resume()
  }

  /** Who signs in to the server: the door, or the client, bound to the channel or not. */
  #signInOf(
    client: Socket,
    server: UpstreamConnection,
    end: (code: string, message: string, hint: string) => void,
  ): Pick<SessionOptions, 'signIn' | 'binding'> {
    const { name: door, credentials, log } = this.#options
    if (credentials === undefined) {
      return this.#partsBinding(client, server) ? { binding: new WithoutChannelBinding() } : {}
    }
    const { account } = credentials
    const onFailed = (reason: string) => log('service_sign_in_failed', { user: account.user, reason })
    const { socket, certificate } = server
    return {
      signIn: new ServiceSignIn({ door, server: socket, certificate: certificate?.raw, account, onFailed, end }),
    }
  }

  /** Both ends speak TLS, with different ones: unless the door shows the server's own certificate. */
  #partsBinding(client: Socket, { certificate }: UpstreamConnection): boolean {
    if (!(client instanceof TLSSocket) || certificate === undefined) return false
    return this.#tls?.certificate.fingerprint256 !== certificate.fingerprint256
  }

  /** Reads certificate and key again. @throws SallyportError `config_invalid`; the old ones stay in use then */
  reloadCertificate(): void {
    if (this.#tls?.reload() === true) this.#options.log('certificate_reloaded', {})
  }

  #who(client: Socket, startup: StartupMessage, { certificate, known }: Proved) {
    const { name, identify } = this.#options
    const user = startupText(startup, 'user')
    const id = `${name}:${user}`
    const actor: Actor = {
      ...(known ?? { id, name: user, kind: 'unknown', groups: [], ...identify(id) }),
      client: {
        ip: client.remoteAddress ?? '',
        application: startupText(startup, 'application_name'),
        session: uuidv7(),
        ...(certificate === undefined ? {} : { certificate }),
      },
    }
    return { actor, target: this.#target(startupText(startup, 'database') || user) }
  }

  #target(database: string): Target {
    const { system, environment, credentials } = this.#options
    const account = credentials?.account.user
    return { system, environment, database, ...(account === undefined ? {} : { account }), labels: {} }
  }

  /** A held statement is withdrawn here; anything else is the server's business. */
  #cancel({ processId, secret }: CancelRequest): void {
    const id = Buffer.alloc(4)
    id.writeUInt32BE(processId)
    const session = this.#keys.get(Buffer.concat([id, secret]).toString('hex'))
    if (session === undefined || session.cancel()) return
    const request = Buffer.alloc(12 + secret.length)
    request.writeUInt32BE(request.length, 0)
    request.writeUInt32BE(80877102, 4)
    request.writeUInt32BE(processId, 8)
    secret.copy(request, 12)
    connectUpstream(this.#options.upstream).then(
      ({ socket }) => {
        socket.on('error', () => undefined)
        socket.setTimeout(10_000, () => socket.destroy())
        socket.end(request)
      },
      (error: unknown) => this.#options.log('cancel_failed', { error: errorMessage(error) }),
    )
  }

  #catalog(database: string): SharedCatalog {
    const known = this.#catalogs.get(database)
    if (known !== undefined) return known
    const catalog = new SharedCatalog(() => performance.now())
    // Clients can ask for databases that do not exist; what is known of real ones is soon known again.
    if (this.#catalogs.size >= mostCatalogs) this.#catalogs.clear()
    this.#catalogs.set(database, catalog)
    return catalog
  }

  #grammar(major: number): Promise<DoorGrammar> {
    const known = this.#grammars.get(major)
    if (known !== undefined) return known
    const loading = DoorGrammar.load(major === 0 ? 18 : major)
    this.#grammars.set(major, loading)
    return loading
  }
}
