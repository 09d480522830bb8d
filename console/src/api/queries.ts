import {
  keepPreviousData,
  type QueryClient,
  type QueryKey,
  queryOptions,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { useMemo, useSyncExternalStore } from 'react'
import { filterQuery, type TimelineFilter } from '../timeline/filter.ts'
import { apiFetch, deleteAt, getJson, postJson } from './client.ts'
import { HoldBook, type HoldLists } from './hold-book.ts'
import type { Command } from './people-types.ts'
import { tapFor } from './tap.ts'
import type {
  ActionCounts,
  ActionPage,
  ActionStory,
  DoorView,
  HoldContext,
  HoldList,
  HoldView,
  LedgerEntry,
  LedgerHead,
  LedgerView,
  Me,
  SessionView,
  Verification,
  VoteDecision,
} from './types.ts'

const timelinePage = 50

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => getJson<Me>('/api/me', signal),
})

const holdKey = (id: string) => ['hold', id] as const

const books = new WeakMap<QueryClient, HoldBook>()

/** The holds that belong to a sign-in. */
export function holdBook(client: QueryClient): HoldBook {
  const book = books.get(client) ?? new HoldBook()
  books.set(client, book)
  return book
}

/** Asks for a list until the answer is one that lacks nothing; its holds go to the book. */
function listQuery(which: 'open' | 'closed') {
  return queryOptions({
    queryKey: ['holds', which],
    queryFn: async ({ client, signal }) => {
      for (;;) {
        const list = await getJson<HoldList>(`/api/holds?state=${which === 'open' ? 'pending' : 'closed'}`, signal)
        if (holdBook(client).take(which, list)) return list.at
      }
    },
  })
}
const openQuery = listQuery('open')
const closedQuery = listQuery('closed')

function useHoldLists(): HoldLists {
  const book = holdBook(useQueryClient())
  return useSyncExternalStore(book.subscribe, book.lists)
}

export const useMe = () => useQuery(meQuery)

/** Whether whoever is signed in may ask for something; false until that is known. */
export const useMay = (command: Command) => useMe().data?.access.commands.includes(command) ?? false

/** Pending holds, the most urgent first. */
export function usePendingHolds() {
  const { data, error, refetch } = useQuery(openQuery)
  const { open } = useHoldLists()
  const pending = useMemo(() => urgentFirst(open), [open])
  return { data: data === undefined ? undefined : pending, error, refetch }
}

/** Holds that have been decided or have ended, newest first; an approved one counts as decided before it runs. */
export function useDecidedHolds(): readonly HoldView[] {
  useQuery(closedQuery)
  const { open, closed } = useHoldLists()
  return useMemo(() => [...open.filter((hold) => hold.state === 'approved'), ...closed], [open, closed])
}

export function useHold(id: string) {
  const client = useQueryClient()
  const book = holdBook(client)
  const { data, error, refetch } = useQuery({
    queryKey: holdKey(id),
    queryFn: async ({ signal }) => {
      const hold = await getJson<HoldView>(`/api/holds/${encodeURIComponent(id)}`, signal)
      book.put(hold)
      return hold
    },
  })
  const known = useSyncExternalStore(book.subscribe, () => book.get(id))
  return { data: known ?? data, error, refetch }
}

/** What the actor did before, and earlier holds like this one; asked once, for the past does not change. */
export const useHoldContext = (id: string) =>
  useQuery({
    queryKey: ['hold', id, 'context'],
    queryFn: ({ signal }) => getJson<HoldContext>(`/api/holds/${encodeURIComponent(id)}/context`, signal),
    staleTime: 60_000,
  })

export const useDoors = () =>
  useQuery({
    queryKey: ['doors'],
    queryFn: async ({ signal }) => (await getJson<{ doors: DoorView[] }>('/api/doors', signal)).doors,
    refetchInterval: 5_000,
  })

const sessionsKey = (door: string) => ['sessions', door] as const

export const useSessions = (door: string) =>
  useQuery({
    queryKey: sessionsKey(door),
    queryFn: async ({ signal }) =>
      (await getJson<{ sessions: SessionView[] }>(`/api/doors/${encodeURIComponent(door)}/sessions`, signal)).sessions,
    refetchInterval: 5_000,
  })

export function useEndSession(door: string) {
  const client = useQueryClient()
  return useMutation({
    retry: false,
    mutationFn: (session: string) =>
      deleteAt(`/api/doors/${encodeURIComponent(door)}/sessions/${encodeURIComponent(session)}`),
    onSettled: () => Promise.all([askAgain(client, sessionsKey(door)), askAgain(client, ['doors'])]),
  })
}

export const useLedgerHead = () =>
  useQuery({
    queryKey: ['ledger', 'head'],
    queryFn: ({ signal }) => getJson<LedgerHead>('/api/ledger/head', signal),
    refetchInterval: 3_000,
  })

/** Entries shown of the end of the ledger. */
const latestShown = 25

/** The last entries of a ledger of `size`, newest first. */
/** The proof that an entry is on the record, as text, to be checked here. */
export const getProof = async (index: number): Promise<string> =>
  (await apiFetch(`/api/ledger/entries/${index}/proof`)).text()

/** The verifier key as the server tells it. */
export const useLogKey = () =>
  useQuery({
    queryKey: ['ledger', 'key'],
    queryFn: async ({ signal }) => (await getJson<{ key: string }>('/api/ledger/key', signal)).key,
    staleTime: Number.POSITIVE_INFINITY,
  })

export const useLatestEntries = (size: number) =>
  useQuery({
    queryKey: ['ledger', 'latest', size],
    queryFn: async ({ signal }) => {
      const path = `/api/ledger/entries?from=${Math.max(0, size - latestShown)}&limit=${latestShown}`
      return (await getJson<{ entries: LedgerEntry[] }>(path, signal)).entries.reverse()
    },
    placeholderData: keepPreviousData,
    gcTime: 10_000,
  })

export const useVerify = () =>
  useMutation({ retry: false, mutationFn: () => postJson<Verification>('/api/ledger/verify', {}) })

/** Actions, newest first. Looks for new ones every few seconds while only the newest page is shown. */
export const useTimeline = (filter: TimelineFilter) =>
  useInfiniteQuery({
    queryKey: ['actions', filter],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => {
      const before = pageParam === '' ? '' : `&before=${pageParam}`
      return getJson<ActionPage>(`/api/actions?limit=${timelinePage}${before}&${filterQuery(filter)}`, signal)
    },
    getNextPageParam: ({ next }) => (next === null ? undefined : String(next)),
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 1) > 1 ? false : 4_000),
    placeholderData: keepPreviousData,
  })

/** @param minutes how far back from now */
export const useActionCounts = (by: string, minutes: number) =>
  useQuery({
    queryKey: ['counts', by, minutes],
    queryFn: ({ signal }) => {
      const since = new Date(Date.now() - minutes * 60_000).toISOString()
      return getJson<ActionCounts>(`/api/actions/counts?by=${by}&since=${encodeURIComponent(since)}`, signal)
    },
    refetchInterval: 10_000,
    placeholderData: keepPreviousData,
  })

/** One action, complete, with every entry that tells of it. */
export const useStory = (id: string) =>
  useQuery({
    queryKey: ['story', id],
    queryFn: ({ signal }) => getJson<ActionStory>(`/api/actions/${encodeURIComponent(id)}`, signal),
    refetchInterval: (query) => (query.state.data?.action.outcome == null ? 4_000 : false),
  })

/** Votes on a hold; asks for a tap of the passkey where yes takes one. */
export function useVote({ hold: id, tap }: Pick<HoldView, 'hold' | 'tap'>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async ({ decision, reason }: { decision: VoteDecision; reason: string }) => {
      const signed = decision !== 'reject' && tap[decision] === 'asked' ? await tapFor(id, decision, reason) : undefined
      return postJson<HoldView>(`/api/holds/${encodeURIComponent(id)}/votes`, { decision, reason, tap: signed })
    },
    retry: false,
    onSuccess: (hold) => holdBook(client).put(hold),
    // Somebody else was faster, or the hold has changed: show what is true now.
    onError: () => askAgain(client, holdKey(id)),
  })
}

/** Lets a hold pass in an emergency, or says that one has looked at what was. */
export function useEmergency({ hold: id, tap }: Pick<HoldView, 'hold' | 'tap'>, step: 'break-glass' | 'follow-up') {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (said: string) => {
      const path = `/api/holds/${encodeURIComponent(id)}/${step}`
      if (step === 'follow-up') return postJson<HoldView>(path, { note: said })
      const signed = tap.force === 'asked' ? await tapFor(id, 'force', said) : undefined
      return postJson<HoldView>(path, { reason: said, tap: signed })
    },
    retry: false,
    onSuccess: (hold) => holdBook(client).put(hold),
    onError: () => askAgain(client, holdKey(id)),
    onSettled: () => askAgain(client, followUpsKey),
  })
}

const followUpsKey = ['follow-ups'] as const

/** Holds that were let pass in an emergency and that nobody has looked at since. */
export const useFollowUps = () =>
  useQuery({
    queryKey: followUpsKey,
    queryFn: async ({ signal }) => (await getJson<HoldList>('/api/holds?state=follow-up', signal)).holds,
    refetchInterval: 5_000,
  })

/** Votes on their way at one time, so that rejecting many does not crowd out what else the page asks. */
const votesAtOnce = 4

/** Rejects several holds with one reason. What could not be rejected is told, and keeps nothing else from it. */
export function useRejectAll() {
  const client = useQueryClient()
  return useMutation({
    retry: false,
    mutationFn: async ({ holds, reason }: { holds: readonly string[]; reason: string }) => {
      const failed: { hold: string; message: string }[] = []
      const queue = [...holds]
      const work = async () => {
        for (let hold = queue.shift(); hold !== undefined; hold = queue.shift()) {
          try {
            const vote = { decision: 'reject', reason }
            holdBook(client).put(await postJson<HoldView>(`/api/holds/${encodeURIComponent(hold)}/votes`, vote))
          } catch (error) {
            failed.push({ hold, message: error instanceof Error ? error.message : String(error) })
          }
        }
      }
      await Promise.all(Array.from({ length: votesAtOnce }, work))
      return { asked: holds.length, failed }
    },
  })
}

/** Asks again for everything on the pages that may lack something. */
export function catchUp(client: QueryClient): void {
  const book = holdBook(client)
  for (const which of ['open', 'closed'] as const) {
    // A list that is on its way is looked at when it arrives.
    if (!book.isProven(which)) void client.invalidateQueries({ queryKey: ['holds', which] })
  }
  void askAgain(client, [], (key) => key !== 'holds')
}

/**
 * An answer that is on its way may have been made before the change that is the reason to ask again. A first answer is
 * not asked for a second time by invalidating it alone: it has to be given up.
 */
export async function askAgain(
  client: QueryClient,
  queryKey: QueryKey,
  accept: (key: unknown) => boolean = () => true,
) {
  const filter = { queryKey, predicate: (query: { queryKey: QueryKey }) => accept(query.queryKey[0]) }
  await client.cancelQueries(filter, { silent: true })
  await client.invalidateQueries(filter)
}

export function applyLedger(client: QueryClient, ledger: LedgerView): void {
  client.setQueryData(meQuery.queryKey, (me) => me && { ...me, server: { ...me.server, ledger } })
}

export function applyRules(client: QueryClient, version: string): void {
  client.setQueryData(meQuery.queryKey, (me) => me && { ...me, server: { ...me.server, rules: version } })
  void askAgain(client, ['rules'])
}

/** Pending holds: what a connection waits for comes first, then what runs out first. */
function urgentFirst(holds: readonly HoldView[]): HoldView[] {
  return holds
    .filter((hold) => hold.state === 'pending')
    .sort((a, b) => Number(b.waiting) - Number(a.waiting) || a.expiresAt.localeCompare(b.expiresAt))
}
