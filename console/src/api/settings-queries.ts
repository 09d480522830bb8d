import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getJson, postJson } from './client.ts'
import { askAgain } from './queries.ts'
import type { NotifyChannel, NotifyTest } from './settings-types.ts'

const channelsKey = ['notify'] as const

/** No event tells of them. */
export const useChannels = () =>
  useQuery({
    queryKey: channelsKey,
    queryFn: async ({ signal }) => (await getJson<{ channels: NotifyChannel[] }>('/api/notify', signal)).channels,
    refetchInterval: 5_000,
  })

export function useTestChannel() {
  const client = useQueryClient()
  return useMutation({
    retry: false,
    mutationFn: (channel: string) => postJson<NotifyTest>(`/api/notify/${encodeURIComponent(channel)}/test`, {}),
    onSettled: () => askAgain(client, channelsKey),
  })
}
