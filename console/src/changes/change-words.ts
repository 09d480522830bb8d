import type { ChangeState, ChangeView } from '../api/change-types.ts'
import type { Effect } from '../api/types.ts'
import { effectWords, type Tone } from '../format/impact.ts'

export const changeStateWords: Record<ChangeState, { readonly words: string; readonly tone: Tone }> = {
  pending: { words: 'waits for approval', tone: 'warn' },
  approved: { words: 'approved', tone: 'ok' },
  done: { words: 'done', tone: 'quiet' },
  rejected: { words: 'rejected', tone: 'danger' },
  closed: { words: 'closed', tone: 'quiet' },
  expired: { words: 'expired', tone: 'quiet' },
}

export function isOpen({ state }: ChangeView): boolean {
  return state === 'pending' || state === 'approved'
}

const gravity: Record<Tone, number> = { danger: 3, warn: 2, quiet: 1, ok: 0 }

/** All that the statements of a change do, the gravest first. */
export function effectsOf({ statements }: ChangeView): Effect[] {
  const all = new Set(statements.flatMap(({ effects }) => effects))
  return [...all].sort((a, b) => gravity[effectWords[b].tone] - gravity[effectWords[a].tone])
}

/** `2 of 5 statements ran`, or how many there are. */
export function progress({ statements }: ChangeView): string {
  const ran = statements.filter(({ action }) => action !== null).length
  const all = `${statements.length} ${statements.length === 1 ? 'statement' : 'statements'}`
  return ran === 0 ? all : `${ran} of ${all} ran`
}
