import { resolve } from 'node:path'
import { type Diagnostic, didYouMean, type YamlSource } from '../errors/index.ts'
import type { Environment } from './interpolate.ts'

/** Where a secret is; the secret itself is never part of a configuration. */
export type SecretPlace = { readonly env: string } | { readonly file: string }

/** The two keys that a secret can be named with, as written. */
export interface WrittenSecret {
  readonly env: string | undefined
  readonly file: string | undefined
}

/** Paths count from `folder`. undefined: nothing is said. */
export function secretPlace({ env, file }: WrittenSecret, folder: string): SecretPlace | undefined {
  if (env !== undefined) return { env }
  return file === undefined ? undefined : { file: resolve(folder, file) }
}

/**
 * A secret named twice, or a variable that is not set.
 * @param path where the keys stand; `name` is what they begin with (`password`), `what` what to call it
 */
export function wrongSecret(
  { env, file }: WrittenSecret,
  where: { readonly path: readonly (string | number)[]; readonly name: string; readonly what: string },
  source: YamlSource,
  environment: Environment,
): Diagnostic[] {
  const at = (key: string) => source.value([...where.path, key])
  const [envKey, fileKey] = [`${where.name}Env`, `${where.name}File`]
  const found: Diagnostic[] = []
  if (env !== undefined && file !== undefined) {
    found.push(source.diagnostic(at(fileKey), `${where.what} in two places`, `keep one of ${envKey} and ${fileKey}`))
  }
  if (env !== undefined && (environment[env] ?? '') === '') {
    const near = didYouMean(env, Object.keys(environment))
    const hint = near === undefined ? 'set it before starting' : `set it before starting; did you mean ${near}?`
    found.push(source.diagnostic(at(envKey), `the environment variable ${env} is not set`, hint))
  }
  return found
}
