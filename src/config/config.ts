import type { Outcome } from '../action/index.ts'
import type { Address } from './address.ts'
import type { NotifyConfig } from './notify.ts'
import type { logLevels, upstreamModes } from './schema.ts'
import type { SecretPlace } from './secret.ts'

/** A door's own account at the server behind it. The password itself is never part of a configuration. */
export interface DoorCredentials {
  readonly user: string
  /** Not given: the account needs none (a client certificate, `trust`). */
  readonly password?: SecretPlace
}

/** One door, as configured. */
export interface DoorConfig {
  readonly name: string
  readonly protocol: 'postgres'
  readonly listen: Address
  readonly upstream: Address
  /** TLS towards clients; paths absolute. */
  readonly tls?: {
    readonly cert: string
    readonly key: string
    readonly required: boolean
    readonly clientCa?: string | undefined
    readonly requireClientCert: boolean
  }
  /** TLS towards the server; paths absolute. */
  readonly upstreamTls?: {
    readonly mode: (typeof upstreamModes)[number]
    readonly ca?: string | undefined
    readonly cert?: string | undefined
    readonly key?: string | undefined
    readonly serverName?: string | undefined
  }
  readonly environment: string
  /** What to call the system behind the door. */
  readonly system: string
  /** Not given: the clients' own credentials pass through. */
  readonly credentials?: DoorCredentials
  /** Verdict for what cannot be understood. */
  readonly unknown: Outcome
  /** `wait`: milliseconds a client may wait for reviewers; 0 refuses at once. */
  readonly hold: { readonly wait: number }
  readonly record: 'strict' | 'batched'
  /** Whether what a transaction did is measured before it becomes final. */
  readonly commitGate: boolean
  /** Rows whose keys a hold shows; 0: none. */
  readonly sample: number
  /** `startupTimeout` in milliseconds. */
  readonly limits: { readonly connections: number; readonly messageBytes: number; readonly startupTimeout: number }
}

/** The whole configuration, complete: defaults filled in, paths absolute. */
export interface Config {
  readonly listen: Address
  readonly data: string
  readonly rules: readonly string[]
  /** Rules from git in the place of `rules`; `every` in milliseconds. */
  readonly rulesGit?: {
    readonly url: string
    readonly branch: string
    readonly folder?: string
    readonly every: number
  }
  /** How many people, of any of these groups, must accept a change of the rules; 0: nobody. */
  readonly rulesReview: { readonly approvals: number; readonly groups: readonly string[] }
  /** How people reach the API and console; not given: `http://` and the address listened on. No slash at the end. */
  readonly publicUrl?: string
  readonly doors: readonly DoorConfig[]
  /** Where checkpoints of the record go; verifier keys as text. */
  readonly ledger: {
    readonly anchors: { readonly files: readonly string[]; readonly webhooks: readonly string[] }
    readonly witnesses: readonly { readonly url: string; readonly key: string }[]
  }
  /** Whose people may let a hold pass in an emergency. */
  readonly breakGlass: { readonly groups: readonly string[] }
  /** Where yes takes a tap of a passkey, and the name they are made for. */
  readonly passkeys: {
    readonly ask: 'never' | 'registered' | 'always'
    readonly severity: 'low' | 'medium' | 'high' | 'critical'
    readonly domain?: string | undefined
  }
  /** Who may open changes, and who approves them; `longest` in milliseconds. */
  readonly changes: {
    readonly issuers: readonly {
      readonly name: string
      readonly url: string
      readonly audience: string
      readonly provider: 'github' | 'gitlab'
      readonly repositories: readonly string[]
      readonly refs: readonly string[]
      readonly environments?: readonly string[] | undefined
    }[]
    readonly approvals: number
    readonly from: readonly string[]
    readonly longest: number
  }
  /** Where people are told. */
  readonly notify: readonly NotifyConfig[]
  readonly allowInsecureListen: boolean
  readonly log: { readonly level: (typeof logLevels)[number] }
}
