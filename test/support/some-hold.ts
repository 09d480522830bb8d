import { completeAction } from '../../src/action/index.ts'
import { type Hold, newHold } from '../../src/holds/index.ts'

export interface SomeHold extends Partial<Hold> {
  readonly statement?: string
  readonly resource?: string
}

/** A pending hold of a DELETE, changed as told. */
export function someHold({ statement = 'DELETE FROM orders', resource = 'orders', ...change }: SomeHold = {}): Hold {
  const action = completeAction({
    operation: 'DELETE',
    resources: [{ name: resource }],
    impact: { rows: 6000, bounded: false },
    request: { statement },
  })
  const opened = {
    hold: '8TFJ79GTQS',
    nonce: 'n',
    requester: { id: 'shop:app', name: 'app' },
    door: 'shop',
    target: { system: 'db', environment: 'production' },
    digest: 'd'.repeat(64),
    ruleSet: 'abc',
    rule: { id: 'unbounded-delete', about: 'A delete that nothing limits', message: 'Too much' },
    review: { approvals: 1, from: ['dba'] },
    expiresAt: '2026-01-01T00:30:00.000Z',
    actions: [action],
  }
  return { ...newHold(opened, '2026-01-01T00:00:00.000Z'), ...change }
}
