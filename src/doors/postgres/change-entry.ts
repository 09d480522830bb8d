import type { Socket } from 'node:net'
import type { ChangeRun } from '../../gate/index.ts'
import type { WithoutSecret } from './change-secret.ts'
import { farewell } from './farewell.ts'
import { fatalMessage } from './messages.ts'
import type { DoorCredentials } from './sign-in/door-sign-in.ts'
import { isPrivate } from './sign-in/end-point.ts'
import { startupText } from './startup.ts'

/** What a session is that shows the secret of a change; undefined: no change has it. */
export type EnterChange = (
  secret: string,
  at: { readonly door: string; readonly database: string },
) => ChangeRun | undefined

interface Door {
  readonly name: string
  readonly enterChange?: EnterChange
  readonly credentials?: DoorCredentials | undefined
  readonly log: (event: string, details: Record<string, unknown>) => void
}

/** Binds a client to the change whose secret it showed. Whoever has a wrong one is told now, rather than held later. */
export function enterChange(client: Socket, { secret, startup }: WithoutSecret, door: Door): ChangeRun | 'refused' {
  const user = door.credentials?.account.user ?? startupText(startup, 'user')
  const database = startupText(startup, 'database') || user
  const isSafe = isPrivate(client)
  const change = isSafe ? door.enterChange?.(secret, { door: door.name, database }) : undefined
  if (change !== undefined) return change
  door.log('change_refused', { ip: client.remoteAddress ?? '', encrypted: isSafe })
  farewell(
    client,
    isSafe
      ? fatalMessage('28000', 'no change is known by this secret', 'Open the change again: its secret is shown once.')
      : fatalMessage(
          '28000',
          'this door takes the secret of a change over encrypted connections only',
          'Connect with sslmode=verify-full, or at least sslmode=require.',
        ),
  )
  return 'refused'
}
