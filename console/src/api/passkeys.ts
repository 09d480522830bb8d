import {
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  startRegistration,
} from '@simplewebauthn/browser'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getJson, post, postJson } from './client.ts'
import type { OwnPasskeys, Passkey } from './people-types.ts'
import { askAgain } from './queries.ts'
import { demandName, inWords, tap } from './tap.ts'

const passkeysKey = ['passkeys'] as const

export const useOwnPasskeys = () =>
  useQuery({
    queryKey: passkeysKey,
    queryFn: ({ signal }) => getJson<OwnPasskeys>('/api/passkeys', signal),
  })

interface Offer {
  readonly create: PublicKeyCredentialCreationOptionsJSON
  readonly tap: PublicKeyCredentialRequestOptionsJSON | null
}

export const useAddPasskey = () =>
  usePasskeyChange(async (label: string) => {
    const offer = await postJson<Offer>('/api/passkeys/offer', {})
    demandName(offer.create.rp.id)
    const allowed = offer.tap === null ? {} : { tap: await tap(offer.tap) }
    const created = await inWords(startRegistration({ optionsJSON: offer.create }))
    await postJson<Passkey>('/api/passkeys', { label, created, ...allowed })
  })

export const useRemoveOwnPasskey = () =>
  usePasskeyChange(async (id: string) => {
    const path = `/api/passkeys/${encodeURIComponent(id)}`
    const allowed = await tap(await postJson<PublicKeyCredentialRequestOptionsJSON>(`${path}/tap`, {}))
    await post(`${path}/removal`, { tap: allowed })
  })

function usePasskeyChange(change: (input: string) => Promise<void>) {
  const client = useQueryClient()
  return useMutation({ retry: false, mutationFn: change, onSettled: () => askAgain(client, passkeysKey) })
}
