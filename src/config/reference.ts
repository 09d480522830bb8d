import { configJsonSchema } from './schema.ts'
import { schemaTable } from './schema-table.ts'

/** The reference of the configuration file in Markdown, made from the schema that checks it. */
export function configReference(): string {
  return `# Configuration

Sallyport reads one YAML file, \`sallyport.yaml\` unless \`-c\` names another. A key it does not know is an error, with its place and what may have been meant.

\`\`\`yaml
listen: 127.0.0.1:7070            # API and console
data: ./data
rules: [./rules]                  # files or folders, watched
doors:
  - name: shop-db
    protocol: postgres
    listen: 127.0.0.1:6432
    upstream: postgres://127.0.0.1:5432
    environment: production
    unknown: hold                 # verdict for what cannot be understood
    hold: { wait: 10m }           # how long a client may wait; 0s refuses at once
\`\`\`

${schemaTable(configJsonSchema())}

- **Addresses** are \`host:port\`. An IPv6 address stands in brackets, and the whole in quotes: \`"[::1]:7070"\`. Port 0 takes any free one. No two listeners may share one.
- **Durations** are a whole number and one unit: \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`.
- **Environment variables**: \`\${NAME}\` in any text is replaced by the variable's value; one that is not set is an error. \`$\${\` stands for a plain \`\${\`.
- **Beyond this machine**: a door listens on anything but a loopback address only where it requires TLS (\`tls\`), API and console behind a proxy that encrypts; \`allowInsecureListen: true\` says that the network itself is trusted. See the [guide on TLS](../guides/tls.md).
- \`sallyport schema config\` prints the JSON Schema of the file, for editors.
`
}
