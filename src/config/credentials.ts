import { resolve } from 'node:path'
import { type Diagnostic, didYouMean, type YamlSource } from '../errors/index.ts'
import type { DoorCredentials } from './config.ts'
import type { Environment } from './interpolate.ts'
import type { ConfigValues } from './schema.ts'

type Written = ConfigValues['doors'][number]['credentials']

/** As the server of doors wants it; paths count from `folder`. */
export function completeCredentials(
  { mode, user, passwordEnv, passwordFile }: Written,
  folder: string,
): DoorCredentials | undefined {
  if (mode === 'passthrough' || user === undefined) return undefined
  if (passwordEnv !== undefined) return { user, password: { env: passwordEnv } }
  return passwordFile === undefined ? { user } : { user, password: { file: resolve(folder, passwordFile) } }
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
    if (passwordEnv !== undefined && passwordFile !== undefined) {
      const message = `doors[${index}].credentials has the password in two places`
      found.push(source.diagnostic(at('passwordFile'), message, 'keep one of passwordEnv and passwordFile'))
    }
    if (passwordEnv !== undefined && (environment[passwordEnv] ?? '') === '') {
      const near = didYouMean(passwordEnv, Object.keys(environment))
      const message = `the environment variable ${passwordEnv} is not set`
      const hint = near === undefined ? 'set it before starting' : `set it before starting; did you mean ${near}?`
      found.push(source.diagnostic(at('passwordEnv'), message, hint))
    }
    return found
  })
}
