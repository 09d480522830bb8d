import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config, NotifyConfig, SecretPlace, SmtpConfig } from '../config/index.ts'
import { holdLink } from '../gate/index.ts'
import type { Holds } from '../holds/index.ts'
import type { Ledger } from '../ledger/index.ts'
import type { Locks } from '../locks/index.ts'
import {
  type Channel,
  email,
  type HttpTarget,
  Notifier,
  type OutboxLimits,
  type Secret,
  type Send,
  slack,
  Told,
  teams,
  webhook,
} from '../notify/index.ts'
import type { Rulebook } from '../rulebook/index.ts'
import { severities } from '../rules/index.ts'
import type { Log } from './log.ts'
import { type Environment, secretReader } from './secret.ts'

export interface NotifyParts {
  readonly ledger: Ledger
  readonly holds: Holds
  readonly locks: Locks
  readonly rulebook: Pick<Rulebook, 'status'>
  readonly publicUrl: string
  readonly log: Log
  readonly environment?: Environment
  readonly limits?: OutboxLimits
}

/** Those who are told, as configured. What cannot be reached now, or at all, stops nothing else. */
export async function openNotify(config: Pick<Config, 'notify' | 'data'>, parts: NotifyParts): Promise<Notifier> {
  const { ledger, holds, locks, rulebook, publicUrl, log, environment = process.env, limits } = parts
  const severityOf = (rule: string) => rulebook.status().inForce.rules.find(({ id }) => id === rule)?.severity ?? null
  const channels = config.notify.map((channel): Channel => {
    const { name, kind, events, doors, minSeverity, perMinute, remindAfter } = channel
    const isSevere = (rule: string) => {
      const severity = severityOf(rule)
      // Of what nobody said how severe it is people hear in any case.
      if (minSeverity === undefined || severity === null) return true
      return severities.indexOf(severity) >= severities.indexOf(minSeverity)
    }
    const send = sender(channel, `${publicUrl}/`, environment)
    return { name, kind, events: new Set(events), doors: new Set(doors), isSevere, perMinute, remindAfter, send }
  })
  return new Notifier({
    channels,
    ledger,
    holds,
    locks,
    told: await Told.open(join(config.data, 'notify.json'), log),
    link: (hold) => holdLink(publicUrl, hold),
    changeLink: (change) => `${publicUrl}/changes/${change}`,
    log,
    ...(limits === undefined ? {} : { limits }),
  })
}

function sender(channel: NotifyConfig, home: string, environment: Environment): Send {
  const target = (url: SecretPlace | string): HttpTarget => ({ address: addressReader(url, environment), fetch })
  switch (channel.kind) {
    case 'slack':
      return slack(target(channel.url), home)
    case 'teams':
      return teams(target(channel.url), home)
    case 'webhook':
      return webhook({
        target: target(channel.url),
        secret: secretReader(channel.secret, environment),
        now: Date.now,
      })
    case 'email':
      return email({ ...mailServer(channel.smtp, environment), from: channel.from, to: channel.to }, home)
  }
}

function addressReader(url: SecretPlace | string, environment: Environment): Secret {
  return typeof url === 'string' ? async () => url : secretReader(url, environment)
}

function mailServer({ ca, password, ...server }: SmtpConfig, environment: Environment) {
  return {
    ...server,
    ...(ca === undefined ? {} : { ca: () => readFile(ca, 'utf8') }),
    ...(password === undefined ? {} : { password: secretReader(password, environment) }),
  }
}
