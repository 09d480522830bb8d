import { type ActionInput, actionInputSchema } from '../action/index.ts'
import { errorMessage } from '../errors/index.ts'
import { type CliIo, readInput } from './io.ts'
import { UsageError } from './report-error.ts'

/** An action from standard input. @throws UsageError where it is none */
export async function readAction(io: CliIo): Promise<ActionInput> {
  let value: unknown
  try {
    value = JSON.parse(await readInput(io))
  } catch (thrown) {
    throw new UsageError(`Standard input is not JSON: ${errorMessage(thrown)}`, hint)
  }
  const parsed = actionInputSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => `  ${path.join('.') || 'the action'}: ${message}`)
  throw new UsageError(`Standard input is not an action:\n${problems.join('\n')}`, hint)
}

const hint = `Such as: echo '{"effects":["delete"],"impact":{"bounded":false}}' | sallyport judge`
