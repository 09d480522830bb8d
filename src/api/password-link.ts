/**
 * Where a person sets their password. A fragment is never sent to a server (RFC 9110, 4.2.5), so it is in no log. The
 * name is there for the form to show, and for password managers to keep the password under.
 */
export function passwordLink(publicUrl: string, secret: string, person: string): string {
  return `${publicUrl.replace(/\/+$/, '')}/#link=${secret}&for=${encodeURIComponent(person)}`
}
