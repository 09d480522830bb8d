import { type ScramKeys, scramKeys } from './scram.ts'

/**
 * The door's own account at the server. The password is asked for at each sign-in, so that a new one counts from then
 * on, and is kept nowhere but in the keys that SCRAM derives from it.
 */
export class ServiceAccount {
  readonly user: string
  readonly password: () => Promise<string | undefined>
  /** The last keys, and what they were derived from: a server uses one salt for one account. */
  #last: { readonly from: string; readonly keys: Promise<ScramKeys> } | undefined

  constructor(user: string, password: () => Promise<string | undefined>) {
    this.user = user
    this.password = password
  }

  scramKeys(password: string, salt: Buffer, iterations: number): Promise<ScramKeys> {
    const from = `${iterations} ${salt.toString('base64')} ${password}`
    if (this.#last?.from !== from) this.#last = { from, keys: scramKeys(password, salt, iterations) }
    return this.#last.keys
  }
}
