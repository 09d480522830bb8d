import { z } from 'zod'
import { actionSchema, type Effect } from '../../action/index.ts'
import { schemaTable } from '../../config/index.ts'

/** Every effect in one line. */
const effectMeanings: Readonly<Record<Effect, string>> = {
  read: 'looks at data',
  write: 'inserts or changes data',
  delete: 'deletes data',
  destroy: 'drops or truncates structure',
  grant: 'gives somebody more rights, or takes another identity',
  conceal: 'weakens audit, backup, protection or retention',
  export: 'copies data out in bulk',
  disrupt: 'locks, kills, scales to zero',
  execute: 'runs code that the door cannot see into',
  deploy: 'changes what runs or the structure it runs on',
  unknown: 'could not be understood',
}

/** The reference of the action in Markdown, made from its schema. */
export function actionReference(): string {
  const effects = Object.entries(effectMeanings).map(([effect, meaning]) => `| \`${effect}\` | ${meaning} |`)
  return `# The action

What somebody is about to do to a production system, in one schema for every door. Rules, the record and the API all speak of it. \`sallyport schema action\` prints the JSON Schema of an action as \`sallyport judge\` and rule tests take it: there every field may be left out.

${schemaTable(z.toJSONSchema(actionSchema))}

## Effects

What an action does, not what it is called. The list is closed; an action may have several.

| effect | meaning |
|---|---|
${effects.join('\n')}
`
}
