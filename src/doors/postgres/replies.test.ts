import { describe, expect, test } from 'vitest'
import { type ActionEnd, type Expected, Replies } from './replies.ts'
import { encodeError, encodeMessage, encodeReady } from './wire/encode.ts'

function setUp() {
  const ends: ActionEnd[] = []
  const quiet: number[] = []
  const replies = new Replies(
    (batch) => ends.push(...batch),
    () => quiet.push(1),
  )
  const server = (letter: string, ...parts: (string | Buffer)[]) => {
    replies.reply(letter.charCodeAt(0), encodeMessage(letter, ...parts))
  }
  const ready = (status: 'I' | 'T' | 'E') => replies.reply(0x5a, encodeReady(status))
  const error = () => replies.reply(0x45, encodeError({ severity: 'ERROR', code: '23505', message: 'duplicate' }))
  return { replies, ends, quiet, server, ready, error }
}

const execute = (action: string): Expected => ({ kind: 'execute', action, done: () => undefined })
const query = (...actions: string[]): Expected => ({ kind: 'query', actions, done: () => undefined })

describe('simple queries', () => {
  test('each CommandComplete ends one statement, and ReadyForQuery reports them', () => {
    const { replies, ends, server, ready } = setUp()
    replies.expect(query('a', 'b'))
    server('C', 'DELETE 3')
    server('C', 'SELECT 1')
    expect(ends).toEqual([])
    ready('I')
    expect(ends).toEqual([
      { action: 'a', outcome: 'completed', rows: 3 },
      { action: 'b', outcome: 'completed', rows: 1 },
    ])
    expect(replies.quiet).toBe(true)
  })

  test('an error takes back what the same implicit transaction did before it, and skips the rest', () => {
    const { replies, ends, server, ready, error } = setUp()
    replies.expect(query('a', 'b', 'c'))
    server('C', 'DELETE 3')
    error()
    ready('I')
    expect(ends.map((end) => [end.action, end.outcome])).toEqual([
      ['a', 'failed'],
      ['b', 'failed'],
      ['c', 'failed'],
    ])
  })

  test('with transaction control in the message, what completed before an error may be committed and stays completed', () => {
    const { replies, ends, server, ready, error } = setUp()
    replies.noteTransactionControl()
    replies.expect(query('delete', 'commit', 'bad'))
    server('C', 'DELETE 3')
    server('C', 'COMMIT')
    error()
    ready('I')
    expect(ends.map((end) => end.outcome)).toEqual(['completed', 'completed', 'failed'])
  })
})

describe('extended batches', () => {
  test('a Parse that fails is not confirmed, and nothing up to Sync happens', () => {
    const { replies, ends, ready, error } = setUp()
    const confirmed: string[] = []
    replies.expect({ kind: 'confirmation', done: () => confirmed.push('parse') })
    replies.expect({ kind: 'confirmation', done: () => confirmed.push('close') })
    replies.expect(execute('a'))
    replies.expect({ kind: 'sync' })
    error()
    ready('I')
    expect(confirmed).toEqual([])
    expect(ends).toMatchObject([{ action: 'a', outcome: 'failed' }])
    expect(replies.quiet).toBe(true)
  })

  test('what is sent after an error and before Sync is skipped by the server, so no reply is expected', () => {
    const { replies, ends, server, ready, error } = setUp()
    replies.expect(execute('a'))
    error()
    replies.expect(execute('b'))
    replies.expect({ kind: 'sync' })
    ready('I')
    replies.expect(execute('c'))
    replies.expect({ kind: 'sync' })
    server('C', 'DELETE 1')
    ready('I')
    expect(ends.map((end) => [end.action, end.outcome])).toEqual([
      ['a', 'failed'],
      ['b', 'failed'],
      ['c', 'completed'],
    ])
  })

  test('COPY FROM STDIN: the Sync sent along is swallowed by the server, the one after CopyDone is answered', () => {
    const { replies, ends, server, ready } = setUp()
    replies.expect(execute('copy'))
    replies.expect({ kind: 'sync' })
    server('G', Buffer.from([0, 0, 0]))
    expect(replies.copyIn).toBe(true)
    replies.copyEnded()
    replies.expect({ kind: 'sync' })
    server('C', 'COPY 7')
    ready('I')
    expect(ends).toEqual([{ action: 'copy', outcome: 'completed', rows: 7 }])
    expect(replies.quiet).toBe(true)
  })
})

test('when the connection ends, failures are kept and what nobody saw the end of is open', () => {
  const { replies, server } = setUp()
  replies.expect(execute('done'))
  replies.expect(execute('running'))
  server('C', 'DELETE 1')
  expect(replies.abandon()).toEqual({ ends: [], open: ['running', 'done'] })
})

test('what is sent after the server has ended the session, before that is known, has its ending', () => {
  const { replies, error } = setUp()
  error()
  replies.expect({ kind: 'query', actions: ['a', 'b'], done: () => undefined })
  const { ends, open } = replies.abandon()
  expect([...ends.map(({ action, outcome }) => [action, outcome]), ...open]).toEqual([
    ['a', 'failed'],
    ['b', 'failed'],
  ])
})
