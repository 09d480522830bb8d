import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, use, useEffect, useState } from 'react'
import type { ServerEvent } from '../api/event-stream.ts'
import { followEvents, type LiveState } from '../api/live.ts'
import { applyHold, applyLedger, applyRules } from '../api/queries.ts'
import type { HoldView, LedgerView } from '../api/types.ts'
import { resourceNames } from '../format/impact.ts'

const LiveContext = createContext<LiveState>('connecting')

export const useLive = (): LiveState => use(LiveContext)

/** Keeps what the pages show in step with the server, and says new holds aloud to a screen reader. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient()
  const [state, setState] = useState<LiveState>('connecting')
  const [said, setSaid] = useState('')
  useEffect(() => {
    const stop = new AbortController()
    const onState = (next: LiveState) => {
      setState(next)
      // Whatever happened while nobody listened is caught up on here.
      if (next === 'live') void client.invalidateQueries()
    }
    const onEvent = (event: ServerEvent) => {
      const news = apply(client, event)
      if (news !== null) setSaid(news)
    }
    void followEvents({ onState, onEvent }, stop.signal)
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
  switch (event.type) {
    case 'hold': {
      const hold: HoldView = JSON.parse(event.data)
      if (!applyHold(client, hold)) return null
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
    default:
      return null
  }
}
