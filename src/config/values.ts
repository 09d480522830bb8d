import { z } from 'zod'
import { parseAddress } from './address.ts'
import { parseDuration } from './duration.ts'

/** Longest time that a timer can run: 2^31 − 1 ms, rounded down to days. */
export const longestWait = '24d'

type Refine<T> = (text: string, refuse: (message: string, hint?: string) => void) => T | undefined

/** A text with a meaning: read by `read`, which refuses with a sentence and what to do instead. */
export function textAs<T>(read: Refine<T>) {
  return z.string().transform((text, context): T => {
    let refused = false
    const value = read(text, (message, hint) => {
      refused = true
      context.addIssue({ code: 'custom', message, params: { hint } })
    })
    if (value !== undefined && !refused) return value
    if (!refused) context.addIssue({ code: 'custom', message: 'cannot be used' })
    return z.NEVER
  })
}

/** `host:port` */
export function listenAddress() {
  return textAs((text, refuse) => parseAddress(text) ?? refuseAddress(text, refuse))
}

function refuseAddress(text: string, refuse: (message: string, hint?: string) => void): undefined {
  refuse(
    `${JSON.stringify(text)} is not an address`,
    'write host:port, such as 127.0.0.1:7070 or "[::1]:7070"; ports go up to 65535',
  )
}

/** Milliseconds, as {@link parseDuration} reads them. */
export function duration(least: string, most: string) {
  return textAs((text, refuse) => {
    const value = parseDuration(text)
    if (value === undefined) {
      refuse(`${JSON.stringify(text)} is not a duration`, 'a whole number and ms, s, m, h or d: 0s, 30s, 10m, 2h')
    } else if (value < (parseDuration(least) ?? 0) || value > (parseDuration(most) ?? 0)) {
      refuse(`${text} is out of range`, `from ${least} to ${most}`)
    }
    return value
  })
}

/** Without a slash at the end. */
export const httpUrl = textAs((text, refuse) => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    refuse('not a plain http or https address', 'such as https://sallyport.example.com')
    return undefined
  }
  return text.replace(/\/+$/, '')
})

/** As written; whoever completes the configuration makes it absolute. */
export const path = z.string().min(1)

/** Name of an environment variable that a secret is in. */
export const variable = z
  .string()
  .regex(/^[A-Za-z_]\w*$/, 'not the name of an environment variable: letters, digits and _')
