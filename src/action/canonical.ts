/**
 * JSON in the canonical form of RFC 8785 (JSON Canonicalization Scheme): keys sorted by UTF-16 code unit,
 * no white space, numbers and strings as ECMAScript serialises them (which is what the RFC prescribes).
 * `undefined` members are left out, as in `JSON.stringify`.
 * @throws TypeError for what JSON cannot carry: non-finite numbers, lone surrogates, functions, bigints.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return canonicalString(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`canonical JSON cannot carry ${value}`)
    return JSON.stringify(value)
  }
  if (value === null || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return canonicalArray(value)
  if (typeof value === 'object') return CanonicalValue.textOf(value) ?? canonicalObject(value)
  throw new TypeError(`canonical JSON cannot carry a ${typeof value}`)
}

/**
 * A value that carries its own canonical form, so that it need not be made for every record of it. Who extends this
 * promises that the text is what `canonicalJson` would make of the members, and that they do not change. A copy made
 * by spreading is a plain object again.
 */
export abstract class CanonicalValue {
  readonly #text: string

  protected constructor(text: string) {
    this.#text = text
  }

  static textOf(value: object): string | undefined {
    return #text in value ? value.#text : undefined
  }
}

function canonicalArray(items: readonly unknown[]): string {
  let text = ''
  for (const item of items) text += `${text === '' ? '' : ','}${item === undefined ? 'null' : canonicalJson(item)}`
  return `[${text}]`
}

function canonicalObject(value: object): string {
  let text = ''
  for (const key of sortedKeys(value)) {
    const member: unknown = Reflect.get(value, key)
    if (member === undefined) continue
    text += `${text === '' ? '' : ','}${canonicalString(key)}:${canonicalJson(member)}`
  }
  return `{${text}}`
}

/** Most objects are written in order already. */
function sortedKeys(value: object): string[] {
  const keys = Object.keys(value)
  for (let i = 1; i < keys.length; i++) {
    if ((keys[i - 1] ?? '') > (keys[i] ?? '')) return keys.sort()
  }
  return keys
}

function canonicalString(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('canonical JSON cannot carry a lone surrogate')
  return JSON.stringify(text)
}
