import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getJson, postJson } from './client.ts'
import { askAgain } from './queries.ts'
import type {
  CanaryReport,
  RuleChange,
  RuleCheck,
  RuleFiles,
  RuleProposal,
  RuleProposals,
  RulesView,
  RuleVersionFiles,
  RuleVersions,
} from './rule-types.ts'

export const useRules = () =>
  useQuery({ queryKey: ['rules'], queryFn: ({ signal }) => getJson<RulesView>('/api/rules', signal) })

/** The files of the rules in force. */
export const useRuleFiles = () =>
  useQuery({ queryKey: ['rules', 'files'], queryFn: ({ signal }) => getJson<RuleFiles>('/api/rules/files', signal) })

/** What the server would say to a rule file with this text; asked once for each text. */
export const useRuleCheck = (file: string, text: string, enabled: boolean) =>
  useQuery({
    queryKey: ['rules', 'check', file, text],
    queryFn: () => postJson<RuleCheck>('/api/rules/check', { file, text }),
    enabled,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 10_000,
    placeholderData: keepPreviousData,
  })

/** Every version on the record. */
export const useRuleVersions = () =>
  useQuery({
    queryKey: ['rules', 'versions'],
    queryFn: ({ signal }) => getJson<RuleVersions>('/api/rules/versions', signal),
  })

/** The texts of one version, which never change. */
export const useRuleTexts = (version: string) =>
  useQuery({
    queryKey: ['rule-texts', version],
    queryFn: async ({ signal }) =>
      (await getJson<RuleVersionFiles>(`/api/rules/versions/${encodeURIComponent(version)}`, signal)).texts,
    staleTime: Number.POSITIVE_INFINITY,
  })

/** Changes of the rules that wait for others, and who these are. */
export const useRuleProposals = () =>
  useQuery({
    queryKey: ['rules', 'proposals'],
    queryFn: ({ signal }) => getJson<RuleProposals>('/api/rules/proposals', signal),
  })

/** The candidate that is tried, or was last; null: none since the server started. No event tells of it. */
export const useCanary = () =>
  useQuery({
    queryKey: ['rules', 'canary'],
    queryFn: async ({ signal }) => (await getJson<{ canary: CanaryReport | null }>('/api/rules/canary', signal)).canary,
    refetchInterval: 5_000,
  })

export function useRollback(version: string) {
  const client = useQueryClient()
  return useMutation({
    retry: false,
    mutationFn: (reason: string) => postJson<RuleChange>('/api/rules/rollback', { version, reason }),
    onSettled: () => askAgain(client, ['rules']),
  })
}

export function useRuleVote(proposal: string) {
  const client = useQueryClient()
  return useMutation({
    retry: false,
    mutationFn: (vote: { decision: 'accept' | 'reject'; reason: string }) =>
      postJson<RuleProposal>(`/api/rules/proposals/${encodeURIComponent(proposal)}/votes`, vote),
    onSettled: () => askAgain(client, ['rules']),
  })
}
