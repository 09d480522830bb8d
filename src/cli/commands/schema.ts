import { Argument } from 'commander'
import { z } from 'zod'
import { actionInputSchema } from '../../action/index.ts'
import { configJsonSchema } from '../../config/index.ts'
import { ruleFileJsonSchema } from '../../rules/index.ts'
import type { AddCommand } from '../command.ts'
import { printJson } from '../io.ts'

/** `sallyport schema`: JSON Schemas, for editors and for other programs. */
export const addSchema: AddCommand = (program, { io }) => {
  program
    .command('schema')
    .summary('print a JSON Schema')
    .description('Prints the JSON Schema (draft 2020-12) of an action, of a rule file or of the configuration file.')
    .addArgument(new Argument('<what>', 'whose schema').choices(['action', 'rules', 'config']))
    .action((what: 'action' | 'rules' | 'config') => {
      switch (what) {
        case 'action':
          return printJson(io, { title: 'Sallyport action', ...z.toJSONSchema(actionInputSchema, { io: 'input' }) })
        case 'rules':
          return printJson(io, ruleFileJsonSchema())
        case 'config':
          return printJson(io, configJsonSchema())
      }
    })
}
