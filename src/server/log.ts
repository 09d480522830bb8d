import { pino } from 'pino'
import type { Config } from '../config/index.ts'

/** Where events of the server go: a name, and what belongs to it. */
export type Log = (event: string, details: Record<string, unknown>) => void

export function logTo(config: Config): Log {
  const logger = pino({ level: config.log.level }, pino.destination(2))
  return (event, { error, ...details }) =>
    logger.info({ ...details, ...(error === undefined ? {} : { err: error }) }, event)
}
