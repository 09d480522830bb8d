import { readFile, realpath } from 'node:fs/promises'
import { extname, resolve, sep } from 'node:path'
import type { MiddlewareHandler } from 'hono'

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
}

const notBuilt = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Sallyport</title>
<h1>The console is not built</h1>
<p>The API works. To have the console here, run <code>npm run build:console</code> in the checkout and load this page
again.</p>
</html>
`

/** The built console. Its own routes (paths without a file ending) all get index.html; the browser does the rest. */
export function consoleFiles(dir: string | undefined): MiddlewareHandler {
  return async (c, next) => {
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') return next()
    const path = c.req.path
    const isPage = extname(path) === ''
    const file = dir === undefined ? undefined : await readInside(dir, isPage ? '/index.html' : path)
    if (file === undefined) {
      if (!isPage && path !== '/index.html') return next()
      return c.html(notBuilt, 503, { 'cache-control': 'no-store' })
    }
    // Files under /assets/ carry a hash of their contents in their name; everything else is asked for anew.
    const isHashed = !isPage && path.startsWith('/assets/')
    return c.body(file, 200, {
      'content-type': types[isPage ? '.html' : extname(path).toLowerCase()] ?? 'application/octet-stream',
      'cache-control': isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    })
  }
}

/** A file in `dir`, or undefined. Whatever the path says and wherever links lead, nothing outside of it is read. */
async function readInside(dir: string, path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const root = await realpath(dir)
    const file = await realpath(resolve(root, `.${decodeURIComponent(path)}`))
    return file.startsWith(root + sep) ? new Uint8Array(await readFile(file)) : undefined
  } catch {
    // No such file, a folder, or a path that is not one (bad escapes, NUL).
    return undefined
  }
}
