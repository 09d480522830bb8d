import { register } from 'node:module'

/**
 * Given to test processes with --import, which their worker threads inherit: lets a thread start from a .ts file on a
 * Node that cannot read one (vitest's own transformation does not reach into threads).
 */
register('./typescript-loader.mjs', import.meta.url)
