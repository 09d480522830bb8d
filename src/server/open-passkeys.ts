import type { Config } from '../config/index.ts'
import { SallyportError } from '../errors/index.ts'
import type { TapRules } from '../holds/index.ts'
import type { Ledger } from '../ledger/index.ts'
import { Passkeys, passkeySite } from '../people/index.ts'
import { severities } from '../rules/index.ts'

/**
 * Passkeys, and where yes takes one.
 * @throws SallyportError `config_invalid` where it always does and no browser can
 */
export async function openPasskeys(
  { ask, severity, domain }: Config['passkeys'],
  { ledger, publicUrl }: { readonly ledger: Ledger; readonly publicUrl: string },
): Promise<{ passkeys: Passkeys; tapRules: TapRules }> {
  const site = passkeySite(publicUrl, domain)
  if (site === undefined && (ask === 'always' || domain !== undefined)) {
    throw new SallyportError('config_invalid', `passkeys: browsers have none for ${publicUrl}.`, {
      hint: 'set publicUrl to an https address with a name, and passkeys.domain to that name or one above it',
    })
  }
  const passkeys = await Passkeys.open({ ledger, site })
  return { passkeys, tapRules: tapRules({ ask, severity }, passkeys) }
}

/** @param passkeys those that people have */
export function tapRules(
  { ask, severity }: Pick<Config['passkeys'], 'ask' | 'severity'>,
  passkeys: Pick<Passkeys, 'of' | 'get'>,
): TapRules {
  const isSevere = (of: string | undefined) => {
    const rank = severities.map(String).indexOf(of ?? '')
    // Of what nobody said how severe it is, or what was not understood, it is asked.
    return rank < 0 || rank >= severities.indexOf(severity)
  }
  return {
    asks: (by, decision, { review }) => {
      if (ask === 'never' || (decision === 'approve' && !isSevere(review.severity))) return 'no'
      if (passkeys.of(by).length > 0) return 'asked'
      // In an emergency whoever is there does it with what they have.
      return ask === 'always' && decision !== 'force' ? 'lacking' : 'no'
    },
    stands: (passkey) => passkeys.get(passkey) !== undefined,
  }
}
