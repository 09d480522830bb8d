import { join } from 'node:path'
import type { Command } from 'commander'
import { SallyportError } from '../../errors/index.ts'
import { readLedger } from '../../ledger/index.ts'
import { type CheckedApproval, verifyApprovals } from '../../people/index.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { type CliIo, colorsOf, printJson } from '../io.ts'
import { safeText } from '../safe-text.ts'

const words = { approve: 'approved', confirm: 'confirmed', force: 'broke the glass' } as const

/** `sallyport ledger verify-approval`: who said yes to a hold, and what proves it. */
export function addVerifyApproval(ledger: Command, io: CliIo, exit: (code: ExitCode) => void): void {
  ledger
    .command('verify-approval')
    .argument('<hold>', 'id of the hold')
    .summary('check who approved a hold, by the signatures of their passkeys')
    .description(
      'Checks each approval of a hold: what the passkey signed names the hold, the digest of the bytes, the person and their reason. Reads the files; `ledger verify` says whether they are intact.',
    )
    .option('--data <folder>', 'data folder of the server', './data')
    .option('--json', 'print JSON')
    .action(async (hold: string, { data, json }: { readonly data: string; readonly json?: true }) => {
      const checked = await verifyApprovals(readLedger(join(data, 'ledger')), hold)
      if (checked === undefined) throw new SallyportError('not_found', `There is no hold ${hold} on this record.`)
      const { opened, approvals } = checked
      if (approvals.some(({ proof }) => proof === 'wrong')) exit(exitCodes.altered.code)
      if (json) return printJson(io, { hold, digest: opened.digest, approvals })
      io.out(`${hold}: ${safeText(opened.rule.message)}\nsha256 of what was asked for: ${opened.digest}\n`)
      if (approvals.length === 0) io.out('Nobody has approved it.\n')
      for (const approval of approvals) io.out(line(approval, colorsOf(io)))
    })
}

function line(
  { proof, by, decision, at, index, passkey, page, problem }: CheckedApproval,
  colors: ReturnType<typeof colorsOf>,
) {
  const who = `${safeText(by)} ${words[decision]} at ${at} (entry ${index})`
  switch (proof) {
    case 'signed':
      return `${colors.green('signed')}: ${who}, with the passkey ${safeText(JSON.stringify(passkey))} on ${safeText(page ?? '')}\n`
    case 'unsigned':
      return `${colors.yellow('not signed')}: ${who}, without a passkey\n`
    case 'wrong':
      return `${colors.red('WRONG')}: ${who}: ${safeText(problem ?? '')}\n`
  }
}
