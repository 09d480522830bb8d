import { altering, alteringPlainly } from './altering.ts'
import { code } from './code.ts'
import { creating, creatingPlainly } from './creating.ts'
import { destroying } from './destroying.ts'
import type { Handlers } from './handler.ts'
import { roles } from './roles.ts'
import { running } from './running.ts'

export type { Handler, HandlerContext } from './handler.ts'

/**
 * Every kind of statement that is understood (PostgreSQL source, parsenodes.h). A kind that is not here is unknown:
 * a new server's new command is held, not let through.
 */
export const handlers: Handlers = {
  ...altering,
  ...alteringPlainly,
  ...code,
  ...creating,
  ...creatingPlainly,
  ...destroying,
  ...roles,
  ...running,
}
