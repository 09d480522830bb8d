/** What to say when the configuration file looked for is not there: a minimal one, and the way without. */
export function defaultConfigHelp(path: string): string {
  return `A minimal ${path}, for a PostgreSQL server on this machine:

  doors:
    - name: my-db
      protocol: postgres
      listen: 127.0.0.1:6432             # clients connect here
      upstream: postgres://127.0.0.1:5432

Rules are read from ./rules, the record is kept in ./data, API and console listen on 127.0.0.1:7070.
Start with: sallyport serve -c ${path}

To see it at work without a server of your own: npm start
`
}
