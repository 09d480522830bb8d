import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { deleteAt, getJson, postJson } from './client.ts'
import type { LockInput, LockView } from './lock-types.ts'
import { askAgain } from './queries.ts'

const locksKey = ['locks'] as const

/** Those in force, newest first. No event tells of them. */
export const useLocks = () =>
  useQuery({
    queryKey: locksKey,
    queryFn: async ({ signal }) => (await getJson<{ locks: LockView[] }>('/api/locks', signal)).locks,
    refetchInterval: 5_000,
  })

export function usePutLock() {
  const client = useQueryClient()
  return useMutation({
    retry: false,
    mutationFn: (lock: LockInput) => postJson<LockView>('/api/locks', lock),
    onSettled: () => askAgain(client, locksKey),
  })
}

export function useLiftLock() {
  const client = useQueryClient()
  return useMutation({
    retry: false,
    mutationFn: ({ lock, reason }: { lock: string; reason: string }) =>
      deleteAt(`/api/locks/${encodeURIComponent(lock)}?${new URLSearchParams({ reason })}`),
    onSettled: () => askAgain(client, locksKey),
  })
}
