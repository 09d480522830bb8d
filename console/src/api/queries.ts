import {
  type QueryClient,
  queryOptions,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { getJson, postJson } from './client.ts'
import type { ActionRecord, DoorView, HoldView, LedgerView, Me, RulesView, VoteDecision } from './types.ts'

const recordPage = 50

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => getJson<Me>('/api/me', signal),
})

/** Holds that are not over: pending ones and approved ones that have not run yet. */
const openQuery = queryOptions({
  queryKey: ['holds', 'pending'],
  queryFn: async ({ signal }) => (await getJson<{ holds: HoldView[] }>('/api/holds?state=pending', signal)).holds,
})

const closedQuery = queryOptions({
  queryKey: ['holds', 'closed'],
  queryFn: async ({ signal }) => (await getJson<{ holds: HoldView[] }>('/api/holds?state=closed', signal)).holds,
})

const holdQuery = (id: string) =>
  queryOptions({
    queryKey: ['hold', id],
    queryFn: ({ signal }) => getJson<HoldView>(`/api/holds/${encodeURIComponent(id)}`, signal),
  })

export const useMe = () => useQuery(meQuery)
/** Pending holds, the most urgent first. */
export const usePendingHolds = () => useQuery({ ...openQuery, select: urgentFirst })
/** Holds that have been decided or have ended, newest first; an approved one counts as decided before it runs. */
export const useDecidedHolds = () => {
  const approved = useQuery({ ...openQuery, select: onlyApproved }).data ?? []
  const closed = useQuery(closedQuery).data ?? []
  return [...approved, ...closed.filter((hold) => !approved.some((other) => other.hold === hold.hold))]
}
export const useHold = (id: string) => useQuery(holdQuery(id))

export const useDoors = () =>
  useQuery({
    queryKey: ['doors'],
    queryFn: async ({ signal }) => (await getJson<{ doors: DoorView[] }>('/api/doors', signal)).doors,
    refetchInterval: 5_000,
  })

export const useRules = () =>
  useQuery({ queryKey: ['rules'], queryFn: ({ signal }) => getJson<RulesView>('/api/rules', signal) })

/** Recent actions, newest first. Looks for new ones every few seconds while only the newest page is shown. */
export const useRecord = () =>
  useInfiniteQuery({
    queryKey: ['actions'],
    initialPageParam: '',
    queryFn: async ({ pageParam, signal }) => {
      const before = pageParam === '' ? '' : `&before=${pageParam}`
      const path = `/api/actions?limit=${recordPage}${before}`
      return (await getJson<{ actions: ActionRecord[] }>(path, signal)).actions
    },
    getNextPageParam: (page) => (page.length < recordPage ? undefined : String(page.at(-1)?.index ?? '')),
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 1) > 1 ? false : 4_000),
  })

export function useVote(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (vote: { decision: VoteDecision; reason: string }) =>
      postJson<HoldView>(`/api/holds/${encodeURIComponent(id)}/votes`, vote),
    retry: false,
    onSuccess: (hold) => applyHold(client, hold),
    // Somebody else was faster, or the hold has changed: show what is true now.
    onError: () => client.invalidateQueries({ queryKey: ['hold', id] }),
  })
}

/** Puts a changed hold where the pages look for it. Returns whether it is a pending one not seen before. */
export function applyHold(client: QueryClient, hold: HoldView): boolean {
  const isPending = hold.state === 'pending'
  const isOpen = isPending || hold.state === 'approved'
  const known = client.getQueryData(holdQuery(hold.hold).queryKey)
  // The answer to a vote may arrive after the event that tells what came of it.
  if (known !== undefined && progress(known) > progress(hold)) return false
  const before = client.getQueryData(openQuery.queryKey)
  client.setQueryData(holdQuery(hold.hold).queryKey, hold)
  client.setQueryData(openQuery.queryKey, (list) => place(list, hold, isOpen))
  client.setQueryData(closedQuery.queryKey, (list) => place(list, hold, !isOpen))
  // A list that is on its way may have been made before this change: ask again.
  for (const { queryKey } of [openQuery, closedQuery]) {
    if (client.isFetching({ queryKey }) > 0) void client.invalidateQueries({ queryKey })
  }
  return isPending && before !== undefined && !before.some((other) => other.hold === hold.hold)
}

/** How far a hold has come; a hold never goes back. */
export function progress({ state, votes }: Pick<HoldView, 'state' | 'votes'>): number {
  const stage = state === 'pending' ? 0 : state === 'approved' ? 1 : 2
  return stage * 1_000 + votes.length
}

function place(list: HoldView[] | undefined, hold: HoldView, belongs: boolean): HoldView[] | undefined {
  if (list === undefined) return undefined
  if (!belongs) return list.filter((other) => other.hold !== hold.hold)
  if (list.some((other) => other.hold === hold.hold)) {
    return list.map((other) => (other.hold === hold.hold ? hold : other))
  }
  return [hold, ...list]
}

export function applyLedger(client: QueryClient, ledger: LedgerView): void {
  client.setQueryData(meQuery.queryKey, (me) => me && { ...me, server: { ...me.server, ledger } })
}

export function applyRules(client: QueryClient, version: string): void {
  client.setQueryData(meQuery.queryKey, (me) => me && { ...me, server: { ...me.server, rules: version } })
  void client.invalidateQueries({ queryKey: ['rules'] })
}

/** Pending holds: what a connection waits for comes first, then what runs out first. */
function urgentFirst(holds: readonly HoldView[]): HoldView[] {
  return holds
    .filter((hold) => hold.state === 'pending')
    .sort((a, b) => Number(b.waiting) - Number(a.waiting) || a.expiresAt.localeCompare(b.expiresAt))
}

function onlyApproved(holds: readonly HoldView[]): HoldView[] {
  return holds.filter((hold) => hold.state === 'approved')
}
