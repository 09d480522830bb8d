import { dirname, resolve } from 'node:path'
import { type Diagnostic, SallyportError, YamlSource } from '../errors/index.ts'
import { type Address, clash, formatAddress, isLoopback } from './address.ts'
import type { Config, DoorConfig } from './config.ts'
import { completeCredentials, wrongCredentials } from './credentials.ts'
import { describePath, explain } from './explain.ts'
import { type Environment, interpolate } from './interpolate.ts'
import { completeNotify, wrongNotify } from './notify.ts'
import { type ConfigValues, configSchema } from './schema.ts'

/**
 * Reads a configuration. Paths in it count from the folder of `file`, which is also what diagnostics name.
 * @throws SallyportError `config_invalid`, with every error that was found, at its place
 */
export function parseConfig(text: string, file: string, environment: Environment): Config {
  const source = YamlSource.read(file, text, quotingHint)
  if (!(source instanceof YamlSource)) throw invalid(file, source)
  const { data, diagnostics } = interpolate(source, environment)
  if (diagnostics.length > 0) throw invalid(file, diagnostics)
  if (data === null || data === undefined) {
    const message = 'the file is empty'
    throw invalid(file, [source.diagnostic({ start: 0, length: 1 }, message, 'a configuration needs at least doors:')])
  }
  const parsed = configSchema.safeParse(data)
  if (!parsed.success) {
    throw invalid(
      file,
      parsed.error.issues.flatMap((issue) => explain(issue, data, source)),
    )
  }
  const wrong = [
    ...findContradictions(parsed.data, source),
    ...wrongCredentials(parsed.data, source, environment),
    ...wrongNotify(parsed.data, source, environment),
  ]
  if (wrong.length > 0) throw invalid(file, wrong)
  return complete(parsed.data, dirname(resolve(file)))
}

function complete({ publicUrl, rulesGit, ...values }: ConfigValues, folder: string): Config {
  return {
    ...values,
    data: resolve(folder, values.data),
    rules: values.rules.map((path) => resolve(folder, path)),
    ledger: {
      ...values.ledger,
      anchors: { ...values.ledger.anchors, files: values.ledger.anchors.files.map((path) => resolve(folder, path)) },
    },
    ...(publicUrl === undefined ? {} : { publicUrl }),
    ...(rulesGit === undefined ? {} : { rulesGit: withoutFolder(rulesGit) }),
    doors: values.doors.map((door) => completeDoor(door, folder)),
    notify: completeNotify(values.notify, folder),
  }
}

function completeDoor(
  { tls, upstreamTls, credentials: written, ...door }: ConfigValues['doors'][number],
  folder: string,
): DoorConfig {
  const credentials = completeCredentials(written, folder)
  const file = (path: string | undefined) => (path === undefined ? undefined : resolve(folder, path))
  return {
    ...door,
    system: door.system ?? formatAddress(door.upstream),
    ...(credentials === undefined ? {} : { credentials }),
    ...(tls === undefined
      ? {}
      : {
          tls: {
            ...tls,
            cert: resolve(folder, tls.cert),
            key: resolve(folder, tls.key),
            clientCa: file(tls.clientCa),
          },
        }),
    ...(upstreamTls === undefined
      ? {}
      : {
          upstreamTls: {
            ...upstreamTls,
            ca: file(upstreamTls.ca),
            cert: file(upstreamTls.cert),
            key: file(upstreamTls.key),
          },
        }),
  }
}

function withoutFolder({ folder, ...git }: NonNullable<ConfigValues['rulesGit']>): NonNullable<Config['rulesGit']> {
  return folder === undefined ? git : { ...git, folder: folder.replace(/\/+$/, '') }
}

/** What is right by itself and wrong together. */
function findContradictions(values: ConfigValues, source: YamlSource): Diagnostic[] {
  const found: Diagnostic[] = []
  const listeners: { address: Address; path: (string | number)[]; isEncrypted: boolean }[] = [
    { address: values.listen, path: ['listen'], isEncrypted: false },
    ...values.doors.map(({ listen, tls }, index) => ({
      address: listen,
      path: ['doors', index, 'listen'],
      isEncrypted: tls?.required === true,
    })),
  ]
  for (const [index, { address, path, isEncrypted }] of listeners.entries()) {
    const span = source.value(path)
    const other = listeners.slice(0, index).find((earlier) => clash(earlier.address, address))
    if (other) {
      const message = `${formatAddress(address)} is taken by ${describePath(other.path)} (${formatAddress(other.address)})`
      found.push(source.diagnostic(span, message, 'every listener needs a port of its own'))
    }
    if (!isLoopback(address.host) && !isEncrypted && !values.allowInsecureListen) {
      found.push(
        source.diagnostic(
          span,
          `${formatAddress(address)} can be reached from other machines, and is not encrypted (no TLS)`,
          path.length === 1
            ? 'listen on 127.0.0.1 behind a proxy that encrypts, or say allowInsecureListen: true where the network itself is trusted'
            : 'give the door a certificate (tls), listen on 127.0.0.1, or say allowInsecureListen: true where the network itself is trusted',
        ),
      )
    }
  }
  for (const [index, door] of values.doors.entries()) {
    found.push(...findWrongTls(door, index, source))
    const first = values.doors.findIndex(({ name }) => name === door.name)
    if (first < index) {
      const message = `the door name ${door.name} is taken by doors[${first}]`
      found.push(source.diagnostic(source.value(['doors', index, 'name']), message, 'every door needs its own name'))
    }
    const own = listeners.find(({ address }) => address.port !== 0 && clash(address, door.upstream))
    if (own && isLoopback(door.upstream.host)) {
      const message = `the upstream of ${door.name} is Sallyport itself (${describePath(own.path)})`
      found.push(source.diagnostic(source.value(['doors', index, 'upstream']), message, 'name the database server'))
    }
  }
  return found
}

function findWrongTls({ tls, upstreamTls }: ConfigValues['doors'][number], index: number, source: YamlSource) {
  const found: Diagnostic[] = []
  if (tls?.requireClientCert === true && tls.clientCa === undefined) {
    const span = source.value(['doors', index, 'tls', 'requireClientCert'])
    found.push(source.diagnostic(span, 'nobody says who signs the certificates of clients', 'give clientCa too'))
  }
  if ((upstreamTls?.cert === undefined) !== (upstreamTls?.key === undefined)) {
    const span = source.value(['doors', index, 'upstreamTls'])
    found.push(source.diagnostic(span, 'a certificate needs its key, and a key its certificate', 'give cert and key'))
  }
  return found
}

function quotingHint(line: string): string | undefined {
  if (/\[[\da-f:.]*\]:\d/i.test(line)) return 'put an IPv6 address in quotes: listen: "[::1]:7070"'
  return /: *[!&*@`%"']/.test(line) ? 'put the value in single quotes' : undefined
}

function invalid(file: string, diagnostics: readonly Diagnostic[]): SallyportError {
  const count = diagnostics.length
  return new SallyportError('config_invalid', `${file} does not load: ${count} ${count === 1 ? 'error' : 'errors'}.`, {
    hint: 'correct the places named; docs/reference/config.md lists every key',
    diagnostics,
  })
}
