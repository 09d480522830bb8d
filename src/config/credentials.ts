import type { Diagnostic, YamlSource } from '../errors/index.ts'
import type { DoorCredentials } from './config.ts'
import type { Environment } from './interpolate.ts'
import type { ConfigValues } from './schema.ts'
import { secretPlace, wrongSecret } from './secret.ts'

type Written = ConfigValues['doors'][number]['credentials']

/** As the server of doors wants it; paths count from `folder`. */
export function completeCredentials(
  { mode, user, passwordEnv, passwordFile }: Written,
  folder: string,
): DoorCredentials | undefined {
  if (mode === 'passthrough' || user === undefined) return undefined
  const password = secretPlace({ env: passwordEnv, file: passwordFile }, folder)
  return password === undefined ? { user } : { user, password }
}

/** What is right by itself and wrong together. */
export function wrongCredentials(values: ConfigValues, source: YamlSource, environment: Environment): Diagnostic[] {
  return values.doors.flatMap((door, index) => {
    const path = ['doors', index, 'credentials']
    const { mode, user, passwordEnv, passwordFile } = door.credentials
    const at = (key: string) => source.value([...path, key])
    if (mode === 'passthrough') {
      const needless = Object.entries(door.credentials).find(([key, value]) => key !== 'mode' && value !== undefined)
      if (needless === undefined) return []
      const message = `doors[${index}].credentials has ${needless[0]}, but clients sign in with their own accounts`
      return [source.diagnostic(at(needless[0]), message, 'say mode: door, or take it out')]
    }
    const found: Diagnostic[] = []
    if (user === undefined) {
      const message = `doors[${index}].credentials has no user`
      found.push(source.diagnostic(at('mode'), message, 'name the account that the door has at the server'))
    }
    const what = `doors[${index}].credentials has the password`
    const secret = { env: passwordEnv, file: passwordFile }
    return [...found, ...wrongSecret(secret, { path, name: 'password', what }, source, environment)]
  })
}
