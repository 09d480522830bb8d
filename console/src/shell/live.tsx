import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, use, useEffect, useState } from 'react'
import { changesKey, isKnownChange } from '../api/change-queries.ts'
import type { ChangeNews } from '../api/change-types.ts'
import type { ServerEvent } from '../api/event-stream.ts'
import { followEvents, type LiveState } from '../api/live.ts'
import { applyLedger, applyRules, askAgain, catchUp, holdBook } from '../api/queries.ts'
import type { Hello, HoldView, LedgerView, Place } from '../api/types.ts'
import { resourceNames } from '../format/impact.ts'
import { tellDesktop } from './desktop.ts'

const LiveContext = createContext<LiveState>('connecting')

export const useLive = (): LiveState => use(LiveContext)

/** Keeps what the pages show in step with the server, and says new holds aloud to a screen reader. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient()
  const [state, setState] = useState<LiveState>('connecting')
  const [said, setSaid] = useState('')
  useEffect(() => {
    const stop = new AbortController()
    const book = holdBook(client)
    const onState = (next: LiveState) => {
      book.disconnected()
      setState(next)
    }
    const onEvent = (event: ServerEvent) => {
      if (event.type === 'hello') setState('live')
      const news = apply(client, event)
      if (news !== null) setSaid(news)
    }
    const lastEventId = () => book.lastEventId
    void followEvents({ lastEventId, onState, onEvent }, stop.signal)
    return () => stop.abort()
  }, [client])
  return (
    <LiveContext value={state}>
      {children}
      <div className="visually-hidden" role="status" aria-live="polite">
        {said}
      </div>
    </LiveContext>
  )
}

function apply(client: QueryClient, event: ServerEvent): string | null {
  const book = holdBook(client)
  switch (event.type) {
    case 'hello': {
      const hello: Hello = JSON.parse(event.data)
      if (book.hello(hello)) catchUp(client)
      return null
    }
    case 'pulse': {
      const place: Place = JSON.parse(event.data)
      if (book.pulse(place)) catchUp(client)
      return null
    }
    case 'hold': {
      const hold: HoldView = JSON.parse(event.data)
      const isNew = hold.state === 'pending' && book.get(hold.hold) === undefined
      if (book.changed(hold)) catchUp(client)
      if (!isNew) return null
      tellDesktop(hold)
      const action = hold.actions[0]
      const what = action === undefined ? '' : `: ${action.operation} ${resourceNames(action)}`
      return `New held action from ${hold.requester.name}${what}`
    }
    case 'ledger': {
      const ledger: LedgerView = JSON.parse(event.data)
      applyLedger(client, ledger)
      return ledger.state === 'failed' ? 'The ledger cannot be written. Every door refuses.' : null
    }
    case 'rules': {
      const { version }: { version: string } = JSON.parse(event.data)
      applyRules(client, version)
      return null
    }
    case 'change': {
      const { change, state }: ChangeNews = JSON.parse(event.data)
      void askAgain(client, changesKey)
      return state === 'pending' && !isKnownChange(client, change) ? 'A change waits to be approved' : null
    }
    default:
      return null
  }
}
