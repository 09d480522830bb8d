import { readCompletedRows, readErrorFields } from './wire/backend-messages.ts'
import { backend, type TransactionStatus } from './wire/message-types.ts'

/** How one action ended, as far as the server's replies tell. */
export interface ActionEnd {
  readonly action: string
  readonly outcome: 'completed' | 'failed'
  readonly rows: number | null
  readonly code?: string
  readonly message?: string
}

/** One message forwarded to the server, waiting for its reply. */
export type Expected =
  /** Parse, Bind or Close. */
  | { readonly kind: 'confirmation'; done(): void }
  | { readonly kind: 'describe' }
  | { readonly kind: 'execute'; readonly action: string; done(): void }
  | { readonly kind: 'query'; readonly actions: readonly string[]; readonly done: (statement: number) => void }
  | { readonly kind: 'function'; readonly action: string }
  | { readonly kind: 'sync' }

/**
 * Matches the server's replies to what was forwarded, in order. From this the door knows when nothing is under way,
 * what became of each action, and which Parse, Bind and Close really happened: a Parse that failed must not change
 * what the door believes a name stands for.
 *
 * After an error in the extended protocol the server skips everything up to the next Sync (protocol documentation,
 * "Extended Query"), so everything expected before that Sync is dropped here too.
 */
export class Replies {
  readonly #queue: Expected[] = []
  readonly #onEnds: (ends: readonly ActionEnd[]) => void
  readonly #onQuiet: () => void
  /** Ends of actions since the last ReadyForQuery: an error takes back what the same implicit transaction did. */
  #ends: ActionEnd[] = []
  #skippingToSync = false
  #queryStatement = 0
  /** The server is reading CopyData. */
  #copyIn = false
  /** A transaction control statement ran since the last ReadyForQuery, so earlier work may have been committed. */
  #transactionControl = false
  status: TransactionStatus = 'I'

  constructor(onEnds: (ends: readonly ActionEnd[]) => void, onQuiet: () => void) {
    this.#onEnds = onEnds
    this.#onQuiet = onQuiet
  }

  /** Nothing forwarded waits for a reply. */
  get quiet(): boolean {
    return this.#queue.length === 0
  }

  /** How many messages wait for their reply. */
  get waiting(): number {
    return this.#queue.length
  }

  /** Messages were forwarded since the last Sync, so an implicit transaction may be open. */
  unsynced = false

  /** After an error the server skips everything up to the next Sync. */
  get isSkipping(): boolean {
    return this.#skippingToSync
  }

  get copyIn(): boolean {
    return this.#copyIn
  }

  expect(expected: Expected): void {
    if (expected.kind === 'sync') {
      this.unsynced = false
      // While it reads CopyData the server ignores Sync (PostgreSQL source, CopyGetData).
      if (this.#copyIn) return
    } else if (expected.kind !== 'query' && expected.kind !== 'function') {
      this.unsynced = true
    }
    if (this.#skippingToSync && expected.kind !== 'sync') {
      this.#drop(expected)
      return
    }
    this.#queue.push(expected)
  }

  noteTransactionControl(): void {
    this.#transactionControl = true
  }

  /** Everything since the last ReadyForQuery was taken back, and is no end of anything. */
  takeBack(): void {
    this.#ends = []
    this.#skippingToSync = false
    this.#transactionControl = false
    this.unsynced = false
  }

  /** The client ended its CopyData. */
  copyEnded(): void {
    this.#copyIn = false
  }

  /**
   * The connection is gone. Hands back the ends already known (failures), and the actions nobody saw the end of:
   * also those that completed but whose commit was not confirmed by ReadyForQuery.
   */
  abandon(): { ends: readonly ActionEnd[]; open: readonly string[] } {
    const open: string[] = []
    for (const expected of this.#queue) {
      open.push(...actionsOf(expected).slice(expected.kind === 'query' ? this.#queryStatement : 0))
    }
    const ends = this.#ends.filter((end) => end.outcome === 'failed')
    open.push(...this.#ends.filter((end) => end.outcome === 'completed').map((end) => end.action))
    this.#queue.length = 0
    this.#ends = []
    return { ends, open }
  }

  /** Takes one server message. */
  reply(type: number, frame: Buffer | undefined): void {
    switch (type) {
      case backend.parseComplete:
      case backend.bindComplete:
      case backend.closeComplete: {
        const head = this.#queue[0]
        if (head?.kind === 'confirmation') this.#shift(head)
        return
      }
      case backend.rowDescription:
      case backend.noData:
        if (this.#queue[0]?.kind === 'describe') this.#shift()
        return
      case backend.commandComplete:
        this.#completed(frame === undefined ? null : readCompletedRows(frame))
        return
      case backend.emptyQueryResponse:
      case backend.portalSuspended:
        this.#completed(null)
        return
      case backend.functionCallResponse: {
        const head = this.#queue[0]
        // The ReadyForQuery that follows takes it off the queue.
        if (head?.kind === 'function') this.#ends.push({ action: head.action, outcome: 'completed', rows: null })
        return
      }
      case backend.copyInResponse:
      case backend.copyBothResponse:
        this.#copyIn = true
        for (let i = this.#queue.length - 1; i >= 0; i--) if (this.#queue[i]?.kind === 'sync') this.#queue.splice(i, 1)
        return
      case backend.errorResponse:
        this.#failed(frame)
        return
      case backend.readyForQuery:
        this.#ready(frame)
        return
    }
  }

  #shift(answered?: { done(): void }): void {
    this.#queue.shift()
    answered?.done()
    if (this.quiet) this.#onQuiet()
  }

  #completed(rows: number | null): void {
    this.#copyIn = false
    const head = this.#queue[0]
    if (head?.kind === 'execute') {
      this.#ends.push({ action: head.action, outcome: 'completed', rows })
      this.#shift(head)
    } else if (head?.kind === 'query') {
      const action = head.actions[this.#queryStatement]
      if (action !== undefined) this.#ends.push({ action, outcome: 'completed', rows })
      head.done(this.#queryStatement)
      this.#queryStatement += 1
    }
  }

  #failed(frame: Buffer | undefined): void {
    this.#copyIn = false
    const fields = frame === undefined ? undefined : readErrorFields(frame)
    const code = fields?.get('C') ?? 'XX000'
    const message = fields?.get('M') ?? 'error'
    const head = this.#queue[0]
    if (!this.#transactionControl && this.status === 'I') {
      this.#ends = this.#ends.map((end) => ({ ...end, ...rolledBack(code) }))
    }
    if (head?.kind === 'query') {
      const [failed, ...rest] = head.actions.slice(this.#queryStatement)
      if (failed !== undefined) this.#ends.push({ action: failed, outcome: 'failed', rows: null, code, message })
      for (const action of rest) this.#ends.push({ action, ...notRun(code) })
      this.#queryStatement = head.actions.length
      return
    }
    if (head?.kind === 'function') {
      this.#ends.push({ action: head.action, outcome: 'failed', rows: null, code, message })
      return
    }
    if (head?.kind === 'execute') {
      this.#ends.push({ action: head.action, outcome: 'failed', rows: null, code, message })
      this.#queue.shift()
    }
    this.#skippingToSync = true
    while (this.#queue[0] !== undefined && this.#queue[0].kind !== 'sync') {
      const dropped = this.#queue.shift()
      if (dropped !== undefined) this.#drop(dropped, code)
    }
    if (this.quiet) this.#onQuiet()
  }

  #drop(expected: Expected, code: string = 'XX000'): void {
    for (const action of actionsOf(expected)) this.#ends.push({ action, ...notRun(code) })
  }

  #ready(frame: Buffer | undefined): void {
    const status = frame?.toString('latin1', 5, 6)
    if (status === 'I' || status === 'T' || status === 'E') this.status = status
    this.#skippingToSync = false
    this.#transactionControl = false
    const head = this.#queue[0]
    if (head?.kind === 'query') {
      // Whatever had no reply of its own (none is known to) ended with the message.
      for (const action of head.actions.slice(this.#queryStatement)) {
        this.#ends.push({ action, outcome: 'completed', rows: null })
      }
    }
    this.#queryStatement = 0
    const ends = this.#ends
    this.#ends = []
    // A Sync taken off the queue when a COPY began may still be answered, if the COPY failed before reading it.
    if (head?.kind === 'sync' || head?.kind === 'query' || head?.kind === 'function') this.#queue.shift()
    if (ends.length > 0) this.#onEnds(ends)
    if (this.quiet) this.#onQuiet()
  }
}

function actionsOf(expected: Expected): readonly string[] {
  switch (expected.kind) {
    case 'execute':
    case 'function':
      return [expected.action]
    case 'query':
      return expected.actions
    case 'confirmation':
    case 'describe':
    case 'sync':
      return []
  }
}

function rolledBack(code: string) {
  return {
    outcome: 'failed',
    rows: null,
    code,
    message: 'Rolled back with the statement that failed after it.',
  } as const
}

function notRun(code: string) {
  return { outcome: 'failed', rows: null, code, message: 'Not run: an earlier statement failed.' } as const
}
