import { z } from 'zod'
import { outcomes } from '../action/index.ts'
import { type Address, parseAddress } from './address.ts'
import { changesSchema } from './changes.ts'
import { notifyChannelSchema, notifySeverities } from './notify-schema.ts'
import { duration, httpUrl, listenAddress, longestWait, path, textAs, variable } from './values.ts'

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

const upstreamAddress = textAs((text, refuse): Address | undefined => {
  // Read by hand, not by URL: a message must never repeat what may be a password.
  const [, userinfo, address, rest] = /^postgres(?:ql)?:\/\/(?:(.*)@)?([^/?#]*)(.*)$/.exec(text) ?? []
  if (address === undefined) {
    refuse('not the address of a PostgreSQL server', 'write postgres://host:port, such as postgres://127.0.0.1:5432')
    return undefined
  }
  if (userinfo !== undefined) {
    refuse(
      'an upstream takes no user and no password',
      "take out everything before and with the @: each client's own credentials pass through; for an account of the door's own see doors[].credentials",
    )
    return undefined
  }
  if (rest !== undefined && !/^\/?$/.test(rest)) {
    refuse(
      'an upstream takes no database and no parameters',
      'write postgres://host:port only: the client names its database, which passes through',
    )
    return undefined
  }
  const parsed = parseAddress(address) ?? parseAddress(`${address}:5432`)
  if (parsed === undefined || parsed.port === 0) {
    refuse('the upstream has no usable host and port', 'write postgres://host:port, such as postgres://127.0.0.1:5432')
    return undefined
  }
  return parsed
})

/** How a server is verified (libpq, "SSL Mode Descriptions"). */
export const upstreamModes = ['verify-full', 'verify-ca', 'require'] as const

const doorSchema = z.strictObject({
  name: textAs((text, refuse) => {
    if (!/^[a-z0-9][a-z0-9-]*$/.test(text) || text.length > 63) {
      refuse(
        `${JSON.stringify(text)} is not a name for a door`,
        'lower-case letters, digits and -, at most 63, such as shop-db',
      )
    }
    return text
  }).describe('Name of the door, in rules, on the record and in actor ids (`<door>:<user>`); unique'),
  protocol: z.enum(['postgres']).describe('What is spoken at the door'),
  listen: listenAddress().describe('Where clients connect: `host:port`'),
  upstream: upstreamAddress.describe(
    'The server behind the door: `postgres://host:port`, without user and database: both come from the client',
  ),
  tls: z
    .strictObject({
      cert: path.describe('PEM file: the certificate of the door, then those that signed it'),
      key: path.describe('PEM file: its private key'),
      required: z.boolean().default(true).describe('Whether clients that do not encrypt are refused'),
      clientCa: path
        .optional()
        .describe('PEM file: authorities whose certificates clients may show; what they show goes on the record'),
      requireClientCert: z.boolean().default(false).describe('Whether clients must show one'),
    })
    .optional()
    .describe('TLS towards clients. The files are watched: a new certificate is taken without a restart'),
  upstreamTls: z
    .strictObject({
      mode: z
        .enum(upstreamModes)
        .default('verify-full')
        .describe('As `sslmode` of libpq; it is never fallen back from'),
      ca: path.optional().describe('PEM file: authorities to trust. Default: those that Node.js trusts'),
      cert: path.optional().describe("PEM file: the door's own certificate towards the server"),
      key: path.optional().describe('PEM file: its private key'),
      serverName: z
        .string()
        .min(1)
        .optional()
        .describe("What the server's certificate must say. Default: the host of `upstream`"),
    })
    .optional()
    .describe('TLS towards the server behind the door. Left out: in the clear'),
  environment: z.string().trim().min(1).default('production').describe('What rules see as `target.environment`'),
  system: z
    .string()
    .trim()
    .min(1)
    .optional()
    .describe('What rules see as `target.system`. Default: host and port of the upstream'),
  credentials: z
    .strictObject({
      mode: z
        .enum(['passthrough', 'door'])
        .default('passthrough')
        .describe(
          '`passthrough`: clients sign in to the server with their own accounts there. `door`: people sign in at the door as themselves, with a Sallyport token as the password, and the door signs in to the server with one account of its own',
        ),
      user: z.string().min(1).max(63).optional().describe("The door's account at the server"),
      passwordEnv: variable.optional().describe('Environment variable that its password is in'),
      passwordFile: path
        .optional()
        .describe(
          'File that its password is in, read at each sign-in; relative to the configuration file. A line break at its end does not count',
        ),
    })
    .prefault({}),
  unknown: z.enum(outcomes).default('hold').describe('Verdict for what cannot be understood'),
  hold: z
    .strictObject({
      wait: duration('0s', longestWait)
        .prefault('10m')
        .describe(
          'How long a client may wait for reviewers; `0s` refuses at once, and the approved retry goes through',
        ),
    })
    .prefault({}),
  record: z
    .enum(['strict', 'batched'])
    .default('batched')
    .describe(
      '`batched`: the record of a plain read is synced within 10 ms and its reply does not wait. `strict`: no reply to a read reaches the client before its record is durable. Whatever changes anything always waits for its record',
    ),
  sample: z
    .int()
    .min(0)
    .max(50)
    .default(5)
    .describe(
      'How many of the rows that a held statement picks reviewers see, by their keys; they stand on the record. 0: none',
    ),
  commitGate: z
    .boolean()
    .default(true)
    .describe(
      'Whether the server is asked what a transaction has really done (cascades, triggers and functions included) before it becomes final, and the rules judge it once more by that. `false`: by what its statements say and the planner expects',
    ),
  limits: z
    .strictObject({
      connections: z.int().min(1).max(100_000).default(1_000).describe('Most clients at the same time'),
      messageBytes: z
        .int()
        .min(65_536)
        .max(1_073_741_823)
        .default(16_777_216)
        .describe('Largest message of a client, in bytes; a larger one is refused'),
      startupTimeout: duration('1s', '10m').prefault('30s').describe('How long a client may take to sign on'),
    })
    .prefault({}),
})

/** The configuration file. Input: as written. Output: addresses and durations read, defaults filled in. */
export const configSchema = z.strictObject({
  listen: listenAddress().prefault('127.0.0.1:7070').describe('Where API and console listen: `host:port`'),
  data: path.default('./data').describe('Folder of the record; relative to the configuration file'),
  rules: z
    .array(path)
    .min(1)
    .default(['./rules'])
    .describe('Rule files and folders of rule files, watched; relative to the configuration file'),
  rulesGit: z
    .strictObject({
      url: z
        .string()
        .min(1)
        .regex(/^[^-\s]\S*$/, 'an address that git fetch takes, such as https://git.example.com/rules.git')
        .describe('The repository: an https, ssh, git or file address, or a path'),
      branch: z
        .string()
        .regex(/^[A-Za-z0-9_][A-Za-z0-9_./-]{0,200}$/, 'the name of a branch')
        .default('main')
        .describe('The branch whose newest commit is in force'),
      folder: z
        .string()
        .regex(/^[A-Za-z0-9_][A-Za-z0-9_./-]{0,200}$/, 'a folder of the repository, such as rules')
        .optional()
        .describe('Folder of the rule files in it. Default: all of it'),
      every: duration('5s', '1d').prefault('30s').describe('How often to look for a new commit; SIGHUP looks at once'),
    })
    .optional()
    .describe('Rules from a git repository, in the place of `rules`'),
  rulesReview: z
    .strictObject({
      approvals: z
        .int()
        .min(0)
        .max(10)
        .default(0)
        .describe(
          'How many people must accept a change of the rules before it comes into force; the rules before go on judging meanwhile. `0`: nobody',
        ),
      groups: z
        .array(z.string().min(1).max(128))
        .max(50)
        .default([])
        .describe('Any one of these groups must each of them belong to. Default: any reviewer'),
    })
    .prefault({}),
  publicUrl: httpUrl
    .optional()
    .describe('How people reach API and console, for links. Default: `http://` and the address of `listen`'),
  doors: z.array(doorSchema).min(1).describe('The doors; at least one'),
  ledger: z
    .strictObject({
      anchors: z
        .strictObject({
          files: z
            .array(path)
            .default([])
            .describe(
              'Files that each checkpoint of the record is published to, best on other disks; relative to the configuration file. Sallyport does not start on a record that does not go on from them',
            ),
          webhooks: z.array(httpUrl).default([]).describe('Addresses that each checkpoint is posted to, as text'),
        })
        .prefault({}),
      witnesses: z
        .array(
          z.strictObject({
            url: httpUrl.describe('Address of the witness (C2SP tlog-witness), without `/add-checkpoint`'),
            key: z.string().min(1).describe('Its verifier key, as `sallyport witness` prints it'),
          }),
        )
        .default([])
        .describe('Who is asked to sign each checkpoint too; they refuse a record that was cut off or put back'),
    })
    .prefault({}),
  breakGlass: z
    .strictObject({
      groups: z
        .array(z.string().min(1).max(128))
        .max(50)
        .default([])
        .describe('Groups whose people may let a hold pass in an emergency, with a reason. Default: nobody'),
    })
    .prefault({}),
  passkeys: z
    .strictObject({
      ask: z
        .enum(['never', 'registered', 'always'])
        .default('registered')
        .describe(
          'Whose approval takes a tap of a passkey. `registered`: of people who have one. `always`: everybody; who has none cannot approve. Rejecting never does',
        ),
      severity: z
        .enum(notifySeverities)
        .default('high')
        .describe(
          'Approvals of holds by rules of at least this severity, or of none. To confirm what one asked for oneself, and to break the glass, take it in any case',
        ),
      domain: z
        .string()
        .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/, 'a name such as example.com')
        .optional()
        .describe(
          'The name that passkeys are made for (RP ID): the host of `publicUrl` or a name above it. Changing it makes those that there are useless. Default: the host',
        ),
    })
    .prefault({}),
  changes: changesSchema,
  notify: z
    .array(notifyChannelSchema)
    .max(50)
    .default([])
    .describe('Where people are told of holds, locks and failures'),
  allowInsecureListen: z
    .boolean()
    .default(false)
    .describe('Allow `listen`, and doors that do not require TLS, beyond this machine'),
  log: z
    .strictObject({ level: z.enum(logLevels).default('info').describe('Least severity that is logged') })
    .prefault({}),
})

export type ConfigValues = z.output<typeof configSchema>

/** The JSON Schema (draft 2020-12) of the configuration file, for editors to check and complete. */
export function configJsonSchema(): z.core.JSONSchema.JSONSchema {
  return { title: 'Sallyport configuration', ...z.toJSONSchema(configSchema, { io: 'input' }) }
}
