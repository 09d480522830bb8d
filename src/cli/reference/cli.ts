import type { Command } from 'commander'
import { exitCodes } from '../exit-codes.ts'
import { createProgram } from '../program.ts'

/** The reference of the command line in Markdown, made from the commands themselves. */
export function cliReference(): string {
  const silent = () => undefined
  const stdin = (async function* () {})()
  const io = { stdin, out: silent, err: silent, env: {}, fetch: globalThis.fetch, color: false }
  const program = createProgram({ io, exit: silent })
  return `# Command line

${program.description()}

${leaves(program).map(commandText).join('\n')}
## Environment

| variable | meaning |
|---|---|
| \`SALLYPORT_URL\` | where Sallyport runs, for commands that use its API; \`--url\` wins |
| \`SALLYPORT_TOKEN\` | your token, for commands that use the API; \`--token\` wins |
| \`NO_COLOR\` | set: no colours |
| \`FORCE_COLOR\` | set: colours although standard output is no terminal |
| \`DEBUG\` | set: errors come with their stack |

## Exit codes

| code | meaning |
|---|---|
${Object.values(exitCodes)
  .map(({ code, meaning }) => `| ${code} | ${meaning} |`)
  .join('\n')}
`
}

interface Leaf {
  readonly path: string
  readonly command: Command
}

function leaves(command: Command, path: string = command.name()): Leaf[] {
  if (command.commands.length === 0) return [{ path, command }]
  return command.commands.flatMap((inner) => leaves(inner, `${path} ${inner.name()}`))
}

function commandText({ path, command }: Leaf): string {
  const { registeredArguments, options } = command
  const parts = [`## \`${path}\``, command.description(), `\`\`\`\n${path} ${command.usage()}\n\`\`\``]
  const rows = [
    ...registeredArguments.map((argument) => {
      const name = argument.variadic ? `${argument.name()}...` : argument.name()
      return row(
        argument.required ? `<${name}>` : `[${name}]`,
        argument.description,
        argument.argChoices,
        argument.defaultValue,
      )
    }),
    ...options.map((option) =>
      row(option.flags, option.description, option.argChoices, option.defaultValueDescription ?? option.defaultValue),
    ),
  ]
  if (rows.length > 0) parts.push(`| | |\n|---|---|\n${rows.join('\n')}`)
  return `${parts.join('\n\n')}\n`
}

function row(name: string, meaning: string, choices: readonly string[] | undefined, fallback: unknown): string {
  const notes = [
    ...(choices === undefined ? [] : [`one of ${choices.map((choice) => `\`${choice}\``).join(', ')}`]),
    ...(typeof fallback === 'string' || typeof fallback === 'number'
      ? fallback === ''
        ? []
        : [`default \`${fallback}\``]
      : []),
  ]
  const text = notes.length === 0 ? meaning : `${meaning} (${notes.join('; ')})`
  return `| \`${name}\` | ${text.replaceAll('|', '\\|')} |`
}
