/** What may stand in a condition: the fields of an action (see docs/reference/action.md), and CEL's own words. */
export const actionFields = [
  'id',
  'at',
  'door',
  'protocol',
  'operation',
  'effects',
  'actor.id',
  'actor.name',
  'actor.kind',
  'actor.groups',
  'actor.owner',
  'actor.client.ip',
  'actor.client.application',
  'actor.client.session',
  'actor.client.certificate',
  'target.system',
  'target.environment',
  'target.database',
  'target.account',
  'target.declared',
  'target.labels',
  'resources',
  'impact.rows',
  'impact.exact',
  'impact.ofTotal',
  'impact.bounded',
  'impact.cascades',
  'impact.objects',
  'impact.reversible',
  'change.id',
  'change.kind',
  'change.verified',
  'change.by',
  'request',
] as const

/** The members of a rule (see docs/reference/rules.md). */
export const ruleKeys = ['id', 'about', 'when', 'then', 'severity', 'mode', 'message', 'tests'] as const

export const celWords = ['in', 'has()', 'size()', 'rx()', 'exists()', 'all()', 'filter()'] as const
