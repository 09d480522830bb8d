import { type QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { ChangeView } from './change-types.ts'
import { deleteAt, getJson, postJson } from './client.ts'
import { askAgain } from './queries.ts'

export const changesKey = ['changes'] as const

/** Those that are not over, and the newest of those that are. */
export const useChanges = () =>
  useQuery({
    queryKey: changesKey,
    queryFn: async ({ signal }) => (await getJson<{ changes: ChangeView[] }>('/api/changes?state=all', signal)).changes,
    // What runs out does so without an event.
    refetchInterval: 15_000,
  })

/** Whether a change stands in the list already. */
export function isKnownChange(client: QueryClient, id: string): boolean {
  return client.getQueryData<readonly ChangeView[]>(changesKey)?.some(({ change }) => change === id) ?? false
}

export const useChange = (id: string) =>
  useQuery({
    queryKey: [...changesKey, id],
    queryFn: ({ signal }) => getJson<ChangeView>(at(id), signal),
    refetchInterval: 15_000,
  })

const at = (id: string) => `/api/changes/${encodeURIComponent(id)}`

export function useChangeVote(id: string) {
  const client = useQueryClient()
  return useMutation({
    retry: false,
    mutationFn: (vote: { decision: 'approve' | 'reject'; reason: string }) =>
      postJson<ChangeView>(`${at(id)}/votes`, vote),
    onSettled: () => askAgain(client, changesKey),
  })
}

/** Nothing more of it passes. */
export function useCloseChange(id: string) {
  const client = useQueryClient()
  return useMutation({
    retry: false,
    mutationFn: (reason: string) => deleteAt(`${at(id)}?reason=${encodeURIComponent(reason)}`),
    onSettled: () => askAgain(client, changesKey),
  })
}
