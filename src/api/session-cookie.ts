import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { CookieOptions } from 'hono/utils/cookie'

/** Seconds that a browser is known again after a sign-in. */
const deviceLasts = 180 * 86_400

/**
 * The cookie a session travels in, and the one by which a browser is known again. No script reads them, no other site
 * sends them. Over TLS they are Secure and `__Host-` (RFC 6265bis, 4.1.3.2), so that no neighbouring name can set one in
 * their place. Without TLS the port is in their names: cookies do not tell ports apart, and another Sallyport may run
 * beside this one.
 */
export function sessionCookie(publicUrl: string) {
  const secure = isSecure(publicUrl)
  const name = sessionCookieName(publicUrl)
  const device = `${name}-device`
  const options: CookieOptions = { httpOnly: true, sameSite: 'Strict', path: '/', secure }
  return {
    read: (c: Context): string | undefined => getCookie(c, name),
    readDevice: (c: Context): string | undefined => getCookie(c, device),
    put: (
      c: Context,
      session: { readonly token: string; readonly expiresAt: string; readonly device?: string | undefined },
    ): void => {
      setCookie(c, name, session.token, { ...options, expires: new Date(session.expiresAt) })
      if (session.device !== undefined) setCookie(c, device, session.device, { ...options, maxAge: deviceLasts })
    },
    /** The browser stays known. */
    clear: (c: Context): void => {
      deleteCookie(c, name, options)
    },
  }
}

export function sessionCookieName(publicUrl: string): string {
  return isSecure(publicUrl) ? '__Host-sallyport' : `sallyport-${new URL(publicUrl).port || '80'}`
}

function isSecure(publicUrl: string): boolean {
  return new URL(publicUrl).protocol === 'https:'
}
