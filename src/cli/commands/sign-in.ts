import { z } from 'zod'
import { SallyportError } from '../../errors/index.ts'
import { strangerClient } from '../api-client.ts'
import type { AddCommand } from '../command.ts'
import { read } from '../hold-view.ts'
import { type CliIo, readInput } from '../io.ts'
import { safeText } from '../safe-text.ts'

interface Options {
  readonly url?: string
}

const signedIn = z.object({ person: z.string(), token: z.string(), expiresAt: z.string() })

/** `sallyport sign-in`: a token for a password. */
export const addSignIn: AddCommand = (program, { io }) => {
  program
    .command('sign-in')
    .argument('<id or link>', 'your id; or the one-time link you were given, which sets your password')
    .summary('get a token for your password')
    .description(
      'Asks for your password (or takes it from standard input) and prints a token that stands for twelve hours: export SALLYPORT_TOKEN="$(sallyport sign-in alice)". With a one-time link it sets the password first.',
    )
    .option('--url <address>', 'where Sallyport runs (SALLYPORT_URL; default http://127.0.0.1:7070)')
    .action(async (who: string, options: Options) => {
      const link = parseLink(who)
      const answer =
        link === undefined
          ? await strangerClient(options, io).post('/api/sign-in', {
              person: who,
              password: await ask(io, 'Password: '),
              as: 'token',
            })
          : await strangerClient({ url: options.url ?? link.url }, io).post('/api/sign-in/link', {
              link: link.secret,
              password: await newPassword(io),
              as: 'token',
            })
      const { person, token, expiresAt } = read(signedIn, answer)
      // The token alone on standard output, so that a script can take it; the rest is for the reader.
      io.out(`${safeText(token)}\n`)
      io.err(`Signed in as ${safeText(person)} until ${safeText(expiresAt)}.\n`)
    })
}

/** The parts of a link such as `https://guard.example/#link=spl_…`; undefined: it is no link. */
function parseLink(text: string): { readonly url: string; readonly secret: string } | undefined {
  if (!URL.canParse(text)) return undefined
  const { origin, pathname, hash } = new URL(text)
  const secret = new URLSearchParams(hash.slice(1)).get('link')
  if (secret === null) {
    throw new SallyportError('invalid_request', 'This is no link to set a password: it has no #link= in it.', {
      hint: "put it in quotes: sallyport sign-in 'http://…/#link=spl_…'",
    })
  }
  return { url: `${origin}${pathname}`, secret }
}

async function newPassword(io: CliIo): Promise<string> {
  const password = await ask(io, 'New password: ')
  if (io.askHidden !== undefined && (await io.askHidden('The same again: ')) !== password) {
    throw new SallyportError('invalid_request', 'The two are not the same.', { hint: 'Nothing was set; try again.' })
  }
  return password
}

async function ask(io: CliIo, prompt: string): Promise<string> {
  if (io.askHidden !== undefined) return io.askHidden(prompt)
  return (await readInput(io)).replace(/\r?\n$/, '')
}
