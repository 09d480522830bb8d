import { createHash } from 'node:crypto'
import { type AuthenticationResponseJSON, verifyAuthenticationResponse } from '@simplewebauthn/server'
import { canonicalJson } from '../../action/index.ts'
import type { EntryBodies, SignedTap } from '../../ledger/index.ts'

/** A passkey that stands. */
export interface Passkey {
  /** The id of the credential, base64url. */
  readonly id: string
  readonly person: string
  readonly label: string
  /** COSE_Key (RFC 9052), base64url. */
  readonly publicKey: string
  readonly transports: readonly string[]
  readonly addedAt: string
}

/** What somebody says yes to by tapping their passkey. */
export type Statement =
  | {
      readonly what: 'hold.approve' | 'hold.confirm' | 'hold.force'
      readonly by: string
      readonly hold: string
      /** SHA-256 over the bytes that would run, as the hold is bound to it. */
      readonly digest: string
      /** Of the hold's opening. */
      readonly nonce: string
      readonly reason: string
    }
  | { readonly what: 'passkey.add' | 'passkey.remove'; readonly by: string; readonly passkey: string }

/**
 * What an authenticator signs for a statement: SHA-256 over its canonical JSON (RFC 8785) with a random part, so that
 * nobody can use a signature twice, and everybody who has the record can say what it was given for.
 */
export function challengeOf(statement: Statement, random: string): string {
  return createHash('sha256')
    .update(canonicalJson({ tap: 1, random, ...statement }))
    .digest('base64url')
}

/** The statement behind the vote on a hold, as entries of the record tell it. */
export function voteStatement(
  { hold, digest, nonce }: Pick<EntryBodies['hold.opened'], 'hold' | 'digest' | 'nonce'>,
  {
    by,
    decision,
    reason,
  }: { readonly by: string; readonly decision: 'approve' | 'confirm' | 'force'; readonly reason: string },
): Statement {
  return { what: `hold.${decision}`, by, hold, digest, nonce, reason }
}

/**
 * Whether a passkey has signed a statement: its key over what it says of itself and over the page's data, in which
 * stands the challenge (WebAuthn level 3, 7.2). Needs nothing but entries of the record.
 * @returns the counter of the authenticator, and the page it was done on
 * @throws Error that says what is not right
 */
export async function checkTap(
  tap: SignedTap,
  statement: Statement,
  passkey: Pick<Passkey, 'id' | 'publicKey'> & { readonly counter?: number },
  site: { readonly id: string; readonly origins: readonly string[] },
): Promise<{ readonly counter: number; readonly origin: string }> {
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({
    response: responseOf(tap),
    expectedChallenge: challengeOf(statement, tap.random),
    expectedOrigin: [...site.origins],
    expectedRPID: site.id,
    credential: {
      id: passkey.id,
      publicKey: Uint8Array.from(Buffer.from(passkey.publicKey, 'base64url')),
      counter: passkey.counter ?? 0,
    },
    // A tap is a second factor: that somebody has the key, and is there.
    requireUserVerification: false,
  })
  if (!verified || tap.passkey !== passkey.id) throw new Error('the signature is not of this passkey')
  return { counter: authenticationInfo.newCounter, origin: authenticationInfo.origin }
}

function responseOf({ passkey, authenticatorData, clientData, signature }: SignedTap): AuthenticationResponseJSON {
  return {
    id: passkey,
    rawId: passkey,
    type: 'public-key',
    clientExtensionResults: {},
    response: { authenticatorData, clientDataJSON: clientData, signature },
  }
}
