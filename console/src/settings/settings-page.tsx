import { useMay, useMe } from '../api/queries.ts'
import { number } from '../format/impact.ts'
import page from '../parts/page.module.css'
import { Channels } from './channels.tsx'
import { OwnPasskeys } from './own-passkeys.tsx'
import classes from './settings.module.css'
import { ThisBrowser } from './this-browser.tsx'

/** What this browser does, what one proves oneself with, how people are told, and which server this is. */
export function SettingsPage() {
  const mayHavePasskeys = useMay('passkeys.own')
  return (
    <>
      <div className={page.head}>
        <h1>Settings</h1>
      </div>
      <div className={page.stack}>
        <ThisBrowser />
        {mayHavePasskeys && <OwnPasskeys />}
        <Channels />
        <ThisServer />
      </div>
    </>
  )
}

function ThisServer() {
  const server = useMe().data?.server
  if (server === undefined) return null
  return (
    <section className={`card ${classes.card}`} aria-labelledby="this-server">
      <h2 id="this-server">This server</h2>
      <dl className={classes.facts}>
        <dt>Version</dt>
        <dd>{server.version}</dd>
        <dt>Rules in force</dt>
        <dd>
          <code>{server.rules}</code>
        </dd>
        <dt>Record</dt>
        <dd className="nums">
          {server.ledger.state}, {number(server.ledger.size)} entries
        </dd>
      </dl>
      <p className="dim">
        What the server does is set in its configuration file, so that it can be reviewed and goes back with the file.
        Doors, rules and people have pages of their own.
      </p>
    </section>
  )
}
