import process from 'node:process'

/** Calls `reload` at each SIGHUP, as operators expect of a daemon, until the returned function is called. */
export function reloadOnHangup(reload: () => Promise<unknown>, signals: NodeJS.EventEmitter = process): () => void {
  const listener = () => {
    // What was refused has been recorded and logged by the store.
    reload().catch(() => undefined)
  }
  signals.on('SIGHUP', listener)
  return () => signals.off('SIGHUP', listener)
}
