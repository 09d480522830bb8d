/**
 * JSON in the canonical form of RFC 8785 (JSON Canonicalization Scheme): keys sorted by UTF-16 code unit,
 * no white space, numbers and strings as ECMAScript serialises them (which is what the RFC prescribes).
 * `undefined` members are left out, as in `JSON.stringify`.
 * @throws TypeError for what JSON cannot carry: non-finite numbers, lone surrogates, functions, bigints.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return canonicalString(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`canonical JSON cannot carry ${value}`)
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) {
    return `[${value.map((item) => (item === undefined ? 'null' : canonicalJson(item))).join(',')}]`
  }
  if (typeof value === 'object') {
    const members: string[] = []
    for (const key of Object.keys(value).sort()) {
      const member: unknown = Reflect.get(value, key)
      if (member !== undefined) members.push(`${canonicalString(key)}:${canonicalJson(member)}`)
    }
    return `{${members.join(',')}}`
  }
  throw new TypeError(`canonical JSON cannot carry a ${typeof value}`)
}

function canonicalString(text: string): string {
  if (/\p{Surrogate}/u.test(text)) throw new TypeError('canonical JSON cannot carry a lone surrogate')
  return JSON.stringify(text)
}
