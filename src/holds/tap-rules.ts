import { SallyportError } from '../errors/index.ts'
import type { SignedTap } from '../ledger/index.ts'
import type { Hold } from './hold.ts'

/** What somebody says yes with: `confirm` is to one's own, `force` in an emergency. */
export type Yes = 'approve' | 'confirm' | 'force'

/** Where yes counts only with a tap of a passkey. */
export interface TapRules {
  /** `asked`: they have a passkey. `lacking`: one is asked for, and they have none. */
  asks(by: string, decision: Yes, hold: Hold): 'no' | 'asked' | 'lacking'
  /** Whether a passkey is still somebody's. */
  stands(passkey: string): boolean
}

/** @throws SallyportError `forbidden` where a tap is asked for and not there */
export function demandTap(
  rules: TapRules | undefined,
  by: string,
  decision: Yes,
  hold: Hold,
  tap: SignedTap | undefined,
): void {
  const asks = rules?.asks(by, decision, hold) ?? 'no'
  if (asks === 'lacking') {
    throw new SallyportError('forbidden', 'This asks for a tap of your passkey, and you have none.', {
      hint: 'add one on the page Settings of the console',
    })
  }
  if (asks === 'asked' && tap === undefined) {
    throw new SallyportError('forbidden', 'This asks for a tap of your passkey.', {
      hint: 'decide on the page of the hold in the console',
    })
  }
}
