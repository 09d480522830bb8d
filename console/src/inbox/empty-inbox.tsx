import { useDoors } from '../api/queries.ts'
import type { DoorView } from '../api/types.ts'
import { Copy } from '../parts/copy.tsx'
import classes from './inbox.module.css'

/** Nothing waits: what to do to see something. */
export function EmptyInbox() {
  const doors = useDoors().data
  const door = doors?.find((candidate) => candidate.protocol === 'postgres')
  return (
    <div className={`card ${classes.empty}`}>
      <h2>Nothing waits for a decision</h2>
      <p className="dim">When a rule holds an action, the client that asked waits here until somebody decides.</p>
      {door !== undefined && <TryIt door={door} />}
      {doors?.length === 0 && (
        <p className="dim">No door is open yet: add one under “doors” in the configuration and restart the server.</p>
      )}
    </div>
  )
}

function TryIt({ door }: { door: DoorView }) {
  const colon = door.listen.lastIndexOf(':')
  const host = door.listen.slice(0, colon).replace(/^\[|\]$/g, '')
  const reachable = host === '0.0.0.0' || host === '::' ? window.location.hostname : host
  const line = `psql -h ${reachable} -p ${door.listen.slice(colon + 1)} -U user -d database`
  return (
    <>
      <p>
        To see one, connect through the door <strong>{door.name}</strong>, with a user and database of the server behind
        it, and delete without a WHERE:
      </p>
      <div className={classes.example}>
        <pre>
          {line}
          {'\n'}
          <span className="dim">{'=> '}</span>DELETE FROM orders;
        </pre>
        <Copy value={line} what="the psql line" />
      </div>
    </>
  )
}
