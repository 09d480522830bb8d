import { schemaTable } from '../../config/index.ts'
import { ruleFileJsonSchema } from '../../rules/index.ts'

/** The reference of rule files in Markdown, made from the schema that checks them. */
export function rulesReference(): string {
  const schema = ruleFileJsonSchema()
  return `# Rule files

YAML; every file named by \`rules\` in the configuration and every \`*.yaml\` and \`*.yml\` in folders named there. All files together are the rule set. They are watched: a change is in force at the next action, on open connections, too. A set with an error is refused as a whole, and the last good one stays in force.

\`\`\`yaml
version: 1
lists:
  production: [production, dr]
rules:
  - id: mass-delete
    about: Deleting more than 1,000 production rows needs a second pair of eyes
    when: target.environment in production && "delete" in effects && impact.rows > 1000
    then: { hold: { approvals: 1, from: [dba], within: 30m } }
    tests:
      - name: 1,001 rows
        expect: hold
        action: { target: { environment: production }, effects: [delete], impact: { rows: 1001 } }
\`\`\`

${schemaTable(withoutTestActions(schema))}

- \`when\` is one line of CEL (Common Expression Language) over the fields of the [action](action.md). It must be true or false. \`rx(text, pattern)\` matches a regular expression (RE2 syntax, in linear time); \`matches\` is refused.
- A condition that begins with \`"\` or \`!\`, or contains \`: \` or \` #\`, stands in single quotes: YAML reads it differently otherwise.
- A condition that cannot be evaluated (it compares \`impact.rows\` where nobody knows it) counts as a hold.
- Of all rules that match, the strictest decides: \`block\` before \`hold\` before \`flag\` before \`allow\`, whatever order they stand in. Where none matches, the action is allowed.
- \`sallyport rules check\` loads rules as the server would; \`sallyport rules test\` prints the result of every test; \`sallyport judge\` tries one action.
- \`sallyport schema rules\` prints the JSON Schema, for editors.
`
}

/** The action of a test is described on its own page; its forty keys would bury the rest here. */
function withoutTestActions(schema: ReturnType<typeof ruleFileJsonSchema>): typeof schema {
  const text = JSON.stringify(schema, (key, value: unknown) =>
    key === 'action' && typeof value === 'object' ? { type: 'object', description: actionMeaning } : value,
  )
  return JSON.parse(text)
}

const actionMeaning = 'An [action](action.md); fields left out are neutral'
