import process from 'node:process'

/**
 * Waits for SIGINT or SIGTERM, then closes. A second signal while closing ends the wait.
 * @returns false where it was a second signal that ended it
 */
export async function untilStopped(
  close: () => Promise<void>,
  signals: NodeJS.EventEmitter = process,
): Promise<boolean> {
  let onSignal: () => void = () => undefined
  const listener = () => onSignal()
  const next = () =>
    new Promise<void>((resolve) => {
      onSignal = resolve
    })
  signals.on('SIGINT', listener).on('SIGTERM', listener)
  try {
    await next()
    const again = next()
    return await Promise.race([close().then(() => true), again.then(() => false)])
  } finally {
    signals.off('SIGINT', listener).off('SIGTERM', listener)
  }
}
