import { resolve } from 'node:path'
import { type Diagnostic, didYouMean, type YamlSource } from '../errors/index.ts'
import type { Environment } from './interpolate.ts'
import type { NotifyChannelValues, notifyEvents, notifySeverities } from './notify-schema.ts'
import type { ConfigValues } from './schema.ts'
import { type SecretPlace, secretPlace, wrongSecret } from './secret.ts'

/** A mail server, and who signs in there; paths absolute. */
export interface SmtpConfig {
  readonly host: string
  readonly port: number
  readonly tls: 'starttls' | 'tls' | 'none'
  readonly ca?: string
  readonly user?: string
  readonly password?: SecretPlace
}

type Where =
  | { readonly kind: 'slack' | 'teams'; readonly url: SecretPlace }
  | { readonly kind: 'webhook'; readonly url: SecretPlace | string; readonly secret: SecretPlace }
  | { readonly kind: 'email'; readonly smtp: SmtpConfig; readonly from: string; readonly to: readonly string[] }

/** One place where people are told; secrets are named only. `remindAfter` in milliseconds. */
export type NotifyConfig = Where & {
  readonly name: string
  readonly events: readonly (typeof notifyEvents)[number][]
  /** Empty: every door. */
  readonly doors: readonly string[]
  readonly minSeverity?: (typeof notifySeverities)[number]
  readonly perMinute: number
  readonly remindAfter: number
}

/** Channels complete; those that {@link wrongNotify} objects to are left out. */
export function completeNotify(channels: readonly NotifyChannelValues[], folder: string): NotifyConfig[] {
  return channels.flatMap((channel): NotifyConfig[] => {
    const { name, events, doors, minSeverity, perMinute, remindAfter } = channel
    const where = whereOf(channel, folder)
    if (where === undefined) return []
    const least = minSeverity === undefined ? {} : { minSeverity }
    return [{ ...where, name, events, doors, ...least, perMinute, remindAfter }]
  })
}

function whereOf(channel: NotifyChannelValues, folder: string): Where | undefined {
  const { kind, from, to } = channel
  const url = secretPlace({ env: channel.urlEnv, file: channel.urlFile }, folder)
  switch (kind) {
    case 'slack':
    case 'teams':
      return url === undefined ? undefined : { kind, url }
    case 'webhook': {
      const address = url ?? channel.url
      const secret = secretPlace({ env: channel.secretEnv, file: channel.secretFile }, folder)
      return address === undefined || secret === undefined ? undefined : { kind, url: address, secret }
    }
    case 'email': {
      if (channel.smtp === undefined || from === undefined || to === undefined) return undefined
      return { kind, smtp: completeSmtp(channel.smtp, folder), from, to }
    }
  }
}

function completeSmtp(smtp: NonNullable<NotifyChannelValues['smtp']>, folder: string): SmtpConfig {
  const { host, port, tls, ca, user } = smtp
  const password = secretPlace({ env: smtp.passwordEnv, file: smtp.passwordFile }, folder)
  return {
    host,
    port,
    tls,
    ...(ca === undefined ? {} : { ca: resolve(folder, ca) }),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
  }
}

const kindsOfKey: Readonly<Record<string, readonly NotifyChannelValues['kind'][]>> = {
  url: ['webhook'],
  urlEnv: ['slack', 'teams', 'webhook'],
  urlFile: ['slack', 'teams', 'webhook'],
  secretEnv: ['webhook'],
  secretFile: ['webhook'],
  smtp: ['email'],
  from: ['email'],
  to: ['email'],
}

/** What is right by itself and wrong together. */
export function wrongNotify(values: ConfigValues, source: YamlSource, environment: Environment): Diagnostic[] {
  return values.notify.flatMap((channel, index) => {
    const name = `notify[${index}]`
    const path = ['notify', index]
    const at = (...keys: string[]) => source.value([...path, ...keys])
    const wrong = (key: string, message: string, hint: string) => source.diagnostic(at(key), `${name} ${message}`, hint)
    const found: Diagnostic[] = []
    for (const [key, kinds] of Object.entries(kindsOfKey)) {
      if (Reflect.get(channel, key) === undefined || kinds.includes(channel.kind)) continue
      const hint = key === 'url' ? `the address of ${channel.kind} is a secret: say urlEnv or urlFile` : 'take it out'
      found.push(wrong(key, `has ${key}, which is not for ${channel.kind}`, hint))
    }
    for (const [isThere, message, hint] of needed(channel)) if (!isThere) found.push(wrong('kind', message, hint))
    if (values.notify.findIndex((other) => other.name === channel.name) < index) {
      found.push(wrong('name', `has the name ${channel.name}, which is taken`, 'every channel needs its own name'))
    }
    for (const door of channel.doors) {
      const names = values.doors.map((known) => known.name)
      if (names.includes(door)) continue
      found.push(
        wrong(
          'doors',
          `names the door ${door}, which is not there`,
          `did you mean ${didYouMean(door, names) ?? names.join(', ')}?`,
        ),
      )
    }
    const { smtp } = channel
    if (smtp?.user !== undefined && smtp.tls === 'none') {
      found.push(
        source.diagnostic(
          at('smtp', 'tls'),
          `${name}.smtp would send the password in the clear`,
          'say tls: starttls, or tls',
        ),
      )
    }
    return [...found, ...wrongSecrets(channel, path, source, environment)]
  })
}

function needed(channel: NotifyChannelValues): readonly (readonly [isThere: boolean, message: string, hint: string])[] {
  const { kind, url, urlEnv, urlFile, secretEnv, secretFile, smtp, from, to } = channel
  const hasAddress = (urlEnv ?? urlFile ?? (kind === 'webhook' ? url : undefined)) !== undefined
  switch (kind) {
    case 'slack':
    case 'teams':
      return [[hasAddress, 'has no address', 'say in urlEnv or urlFile where it is']]
    case 'webhook':
      return [
        [hasAddress, 'has no address', 'give url, or say in urlEnv or urlFile where it is'],
        [
          (secretEnv ?? secretFile) !== undefined,
          'has no signing secret',
          'say in secretEnv or secretFile where it is',
        ],
      ]
    case 'email':
      return [
        [smtp !== undefined, 'has no mail server', 'give smtp: { host: … }'],
        [from !== undefined, 'has no sender', 'give from'],
        [to !== undefined, 'has no recipient', 'give to'],
        [
          (smtp?.user === undefined) === (smtp?.passwordEnv === undefined && smtp?.passwordFile === undefined),
          'has half of a sign-in',
          'give smtp.user with smtp.passwordEnv or smtp.passwordFile',
        ],
      ]
  }
}

function wrongSecrets(
  { url, urlEnv, urlFile, secretEnv, secretFile, smtp }: NotifyChannelValues,
  path: readonly (string | number)[],
  source: YamlSource,
  environment: Environment,
): Diagnostic[] {
  const what = (word: string) => `${path[0]}[${path[1]}] has the ${word}`
  const twice =
    url === undefined || (urlEnv === undefined && urlFile === undefined)
      ? []
      : [source.diagnostic(source.value([...path, 'url']), `${what('address')} in two places`, 'keep one of them')]
  const check = (env: string | undefined, file: string | undefined, name: string, word: string, at = path) =>
    wrongSecret({ env, file }, { path: at, name, what: what(word) }, source, environment)
  return [
    ...twice,
    ...check(urlEnv, urlFile, 'url', 'address'),
    ...check(secretEnv, secretFile, 'secret', 'signing secret'),
    ...check(smtp?.passwordEnv, smtp?.passwordFile, 'password', 'password', [...path, 'smtp']),
  ]
}
