import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errorMessage, SallyportError } from '../../errors/index.ts'
import {
  encodeProof,
  type LedgerProblem,
  ledgerStatus,
  nodeFiles,
  parseProof,
  parseVerifierKey,
  proveEntry,
  readLedger,
  readSigningKey,
  verifyLedger,
  verifyProof,
} from '../../ledger/index.ts'
import type { AddCommand } from '../command.ts'
import { entryText } from '../entry-text.ts'
import { exitCodes } from '../exit-codes.ts'
import { colorsOf, printJson } from '../io.ts'
import { safeText } from '../safe-text.ts'
import { addVerifyApproval } from './ledger-approval.ts'
import { addExport } from './ledger-export.ts'
import { addSearch } from './ledger-search.ts'
import { addTail } from './ledger-tail.ts'

interface Options {
  readonly data: string
  readonly json?: true
}

interface VerifyFlags extends Options {
  readonly key?: string
  readonly against?: readonly string[]
  readonly witnessKey?: readonly string[]
}

/** `sallyport ledger list|verify|status|key|prove|verify-proof`: the record, read from its files; a running server is not needed and not disturbed. */
export const addLedger: AddCommand = (program, { io, exit }) => {
  const ledger = program
    .command('ledger')
    .summary('read and check the record')
    .description('Read and check the record. Works on its files, with or without a server running.')
  addSearch(ledger, io)
  addTail(ledger, io)
  addExport(ledger, io)
  addVerifyApproval(ledger, io, exit)

  ledger
    .command('list')
    .summary('print the entries')
    .description('Prints the entries of the record, oldest first, one a line.')
    .option('--data <folder>', 'data folder of the server', './data')
    .option('--json', 'print JSON lines, each entry complete')
    .action(async ({ data, json }: Options) => {
      const colors = colorsOf(io)
      for await (const entry of readLedger(join(data, 'ledger'))) {
        if (json) io.out(`${JSON.stringify(entry)}\n`)
        else io.out(entryText(entry, colors))
      }
    })

  ledger
    .command('verify')
    .summary('check that nothing was altered or lost')
    .description(
      'Reads the whole record and checks every entry, tile, root and signature. Tells altered, truncated, reordered, incomplete and forked apart, and names the first bad entry. A log that was cut off or replaced as a whole shows only against what was kept elsewhere: keep checkpoints, and give them with --against.',
    )
    .option('--data <folder>', 'data folder of the server', './data')
    .option('--key <verifier-key>', "the ledger's verifier key, as `ledger key` printed it; default: from the folder")
    .option('--against <file...>', 'checkpoints kept earlier, which the log must go on from')
    .option(
      '--witness-key <verifier-key...>',
      'keys of witnesses who must have signed, as `sallyport witness` printed them',
    )
    .option('--json', 'print the result as JSON')
    .action(async ({ data, key, against = [], witnessKey = [], json }: VerifyFlags) => {
      const kept = await Promise.all(
        against.map(async (name) => ({ name, note: (await readInput(name)).toString('utf8') })),
      )
      const options = { ...(key === undefined ? {} : { key }), against: kept, witnesses: witnessKey }
      const result = await verifyLedger(join(data, 'ledger'), options)
      if (!result.ok) exit(exitCodes[gravest(result.problems)].code)
      if (json) return printJson(io, result)
      const colors = colorsOf(io)
      const state = result.ok ? colors.green('intact') : colors.red('NOT INTACT')
      const signed = result.checkpoint === null ? 'no checkpoint' : `checkpoint at ${result.checkpoint.size}`
      io.out(
        `${state}: ${result.entries} entries in ${result.segments} segments, ${signed}, head ${result.head.hash}\n`,
      )
      const { witnessed } = result
      if (witnessed !== null) {
        const by =
          witnessed.by.length === 0 ? 'by witnesses whose keys were not given' : `by ${witnessed.by.join(', ')}`
        io.out(`witnessed up to ${witnessed.size} entries, ${safeText(by)}\n`)
      }
      for (const { kind, file, offset, index, message } of result.problems) {
        io.out(`${safeText(`${kind}: ${file} at byte ${offset}, entry ${index}: ${message}`)}\n`)
      }
    })

  ledger
    .command('status')
    .summary('say how far the record is')
    .description(
      'Prints how many entries there are, the newest checkpoint, how far it is behind, and for each anchor and witness the checkpoint that it has, or why not.',
    )
    .option('--data <folder>', 'data folder of the server', './data')
    .option('--json', 'print the result as JSON')
    .action(async ({ data, json }: Options) => {
      const status = await ledgerStatus(join(data, 'ledger'))
      if (json) return printJson(io, status)
      const { entries, checkpoint, lag, anchors } = status
      const signed = checkpoint === null ? 'no checkpoint' : `checkpoint at ${checkpoint.size}, ${lag} behind`
      io.out(`${entries} entries, ${signed}\n`)
      for (const { kind, name, size, at, problem } of anchors) {
        const has = size === 0 ? 'has none' : `has ${size} since ${at}`
        io.out(`${safeText(`${kind} ${name}: ${has}${problem === null ? '' : `; FAILS: ${problem}`}`)}\n`)
      }
    })

  ledger
    .command('key')
    .summary('print the key that checkpoints are verified with')
    .description(
      'Prints the verifier key of the ledger in the form of signed notes (C2SP): <name>+<hash>+<key>. Keep it elsewhere.',
    )
    .option('--data <folder>', 'data folder of the server', './data')
    .action(async ({ data }: Options) => {
      const signer = await readSigningKey(nodeFiles, join(data, 'ledger'))
      if (signer === undefined) {
        throw new SallyportError('not_found', `There is no key in ${join(data, 'ledger')}.`, {
          hint: 'A server makes one at its first start.',
        })
      }
      io.out(`${signer.verifier.key}\n`)
    })

  ledger
    .command('prove')
    .argument('<entry>', 'number of the entry')
    .summary('write the proof that an entry is on the record')
    .description(
      'Writes a file that proves, to anybody who has the verifier key and without the rest of the record, that this entry is on it: the entry, its way to the root (RFC 6962), and the signed checkpoint.',
    )
    .option('--data <folder>', 'data folder of the server', './data')
    .option('-o, --output <file>', 'where to write it; default: standard output')
    .action(async (entry: string, { data, output }: Options & { readonly output?: string }) => {
      const proof = encodeProof(await proveEntry(join(data, 'ledger'), indexOf(entry)))
      if (output === undefined) io.out(proof)
      else await writeFile(output, proof)
    })

  ledger
    .command('verify-proof')
    .argument('<file>', 'what `ledger prove` wrote')
    .summary('check such a proof, with nothing but the key')
    .description('Checks a proof offline and prints the entry that it proves.')
    .requiredOption('--key <verifier-key>', "the ledger's verifier key, as `ledger key` printed it")
    .action(async (file: string, { key }: { readonly key: string }) => {
      const verifier = parseVerifierKey(key)
      const proof = parseProof((await readInput(file)).toString('utf8'))
      try {
        const { origin, size } = verifyProof(proof, verifier)
        io.out(`${colorsOf(io).green('proved')}: entry ${proof.index} of ${size} on the log ${safeText(origin)}\n`)
        io.out(`${safeText(proof.leaf.toString('utf8'))}\n`)
      } catch (error) {
        if (!(error instanceof SallyportError) || error.code !== 'note_invalid') throw error
        exit(exitCodes.altered.code)
        io.out(`${colorsOf(io).red('NOT PROVED')}: ${safeText(error.message)}\n`)
      }
    })
}

/** What the exit code speaks of, where there are several problems. */
function gravest(problems: readonly LedgerProblem[]): (typeof gravity)[number] {
  return gravity.find((kind) => problems.some((problem) => problem.kind === kind)) ?? 'altered'
}

const gravity = ['forked', 'altered', 'reordered', 'truncated', 'incomplete'] as const

/** @throws SallyportError `not_found` */
async function readInput(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    throw new SallyportError('not_found', `${path} cannot be read: ${errorMessage(error)}.`, { cause: error })
  }
}

function indexOf(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new SallyportError('invalid_request', `${JSON.stringify(text)} is not the number of an entry.`, {
    hint: 'Entries are numbered from 0; `sallyport ledger list` prints the numbers.',
  })
}
