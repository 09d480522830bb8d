/**
 * What could steer a terminal or mislead its reader: control characters (C0, DEL, C1), line and paragraph separators,
 * direction overrides and isolates (Trojan Source, CVE-2021-42574), invisible characters, tags, lone surrogates.
 */
const unsafe =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu

/** Text that somebody else wrote, on one line: whatever does not print is shown as an escape, `\u{1b}`. */
export function safeText(text: string): string {
  return text.replace(unsafe, escapeCharacter)
}

/** The same over several lines: line feeds and tabs stay, since SQL is read with them. */
export function safeLines(text: string): string {
  return text
    .replace(/\r\n/g, '\n')
    .replace(unsafe, (found) => (found === '\n' || found === '\t' ? found : escapeCharacter(found)))
}

function escapeCharacter(found: string): string {
  switch (found) {
    case '\n':
      return '\\n'
    case '\r':
      return '\\r'
    case '\t':
      return '\\t'
    default:
      return `\\u{${found.codePointAt(0)?.toString(16)}}`
  }
}
