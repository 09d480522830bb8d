import { isIP } from 'node:net'
import type { Action } from '../action/index.ts'
import type { EntryOf } from '../ledger/index.ts'

export type Part = Readonly<Record<string, unknown>>

export const systemActor: Part = { app_name: 'Sallyport' }

export function personPart(id: string): Part {
  return { uid: id, name: id }
}

export function actorOf({ actor }: Action): Part {
  const { id, name, kind, groups, client, owner } = actor
  const types = {
    human: { type_id: 1, type: 'User' },
    service: { type_id: 4, type: 'Service' },
    agent: { type_id: 99, type: 'AI Agent' },
    unknown: { type_id: 0, type: 'Unknown' },
  } as const
  return {
    user: { uid: id, name, ...types[kind], groups: groups.map((group) => ({ name: group })) },
    ...(client.session === '' ? {} : { session: { uid: client.session } }),
    ...(client.application === '' ? {} : { app_name: client.application }),
    ...(owner === undefined ? {} : { invoked_by: owner }),
  }
}

export function endpointOf({ actor: { client } }: Action): Part {
  return isIP(client.ip) === 0 ? { name: client.ip === '' ? 'unknown' : client.ip } : { ip: client.ip }
}

export function databaseOf({ target }: Action): Part {
  return { name: target.database ?? target.system, type_id: 1, type: 'Relational' }
}

export function resourcesOf({ resources }: Action): readonly Part[] {
  return resources.map(({ type, name }) => ({ type, name }))
}

/** Who was changed, and how; what the class has no activity for is Other, under its own name. */
export function accountOf(entry: EntryOf<'person.put'> | EntryOf<'person.removed'> | EntryOf<'token.issued'>): Part {
  switch (entry.kind) {
    case 'person.put': {
      const { id, name, groups, roles } = entry.body
      return {
        activity_id: 99,
        activity_name: 'Put',
        user: { uid: id, name, groups: groups.map((group) => ({ name: group })) },
        message: `${name}: ${roles.join(', ')}`,
      }
    }
    case 'person.removed':
      return { activity_id: 6, activity_name: 'Delete', user: personPart(entry.body.id), message: 'removed' }
    case 'token.issued': {
      const { person, label, token } = entry.body
      return {
        activity_id: 99,
        activity_name: 'Token issued',
        user: { ...personPart(person), credential_uid: token },
        message: label,
      }
    }
  }
}
