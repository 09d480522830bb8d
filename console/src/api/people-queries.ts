import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { deleteAt, getJson, post, postJson } from './client.ts'
import type { Absence, IssuedToken, PasswordLink, PersonInput, PersonView, Scope } from './people-types.ts'
import { askAgain } from './queries.ts'

const peopleKey = ['people'] as const

export const usePeople = () =>
  useQuery({
    queryKey: peopleKey,
    queryFn: async ({ signal }) => (await getJson<{ people: PersonView[] }>('/api/people', signal)).people,
    refetchInterval: 15_000,
  })

/** A change of the register; what is shown is asked for again, whether it went well or not. */
function usePeopleChange<Input, Answer>(change: (input: Input) => Promise<Answer>) {
  const client = useQueryClient()
  // What a change answers may be a secret: it is gone with the page that shows it.
  return useMutation({
    retry: false,
    gcTime: 0,
    mutationFn: change,
    onSettled: () => Promise.all([askAgain(client, peopleKey), askAgain(client, ['me'])]),
  })
}

const at = (person: string) => `/api/people/${encodeURIComponent(person)}`

export const usePutPerson = () => usePeopleChange((person: PersonInput) => postJson<PersonView>('/api/people', person))

/** @param gone is called as soon as they are removed: the page that asked may go with them */
export const useRemovePerson = (gone: () => void) =>
  usePeopleChange(async (person: string) => {
    await deleteAt(at(person))
    gone()
  })

export interface AbsenceWanted {
  readonly person: string
  readonly deputy: string
  /** RFC 3339. */
  readonly until: string
}

export const useGoAway = () =>
  usePeopleChange(({ person, ...absence }: AbsenceWanted) => postJson<Absence>(`${at(person)}/absence`, absence))

export const useComeBack = () => usePeopleChange((person: string) => deleteAt(`${at(person)}/absence`))

export const useLinkPassword = () =>
  usePeopleChange((person: string) => postJson<PasswordLink>(`${at(person)}/password-link`, {}))

export interface TokenWanted {
  readonly person: string
  readonly label: string
  /** RFC 3339; null: until it is revoked. */
  readonly expiresAt: string | null
  /** null: all that its owner may. */
  readonly scope: Scope | null
}

export const useIssueToken = () =>
  usePeopleChange(({ person, label, expiresAt, scope }: TokenWanted) =>
    postJson<IssuedToken>(`${at(person)}/tokens`, { label, expiresAt, ...(scope === null ? {} : { scope }) }),
  )

export const useRevokeToken = () =>
  usePeopleChange((token: string) => deleteAt(`/api/tokens/${encodeURIComponent(token)}`))

/** Of somebody else. */
export const useRemovePasskey = () =>
  usePeopleChange((passkey: string) => post(`/api/passkeys/${encodeURIComponent(passkey)}/removal`, {}))
