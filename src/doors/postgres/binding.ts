import { canonicalJson, sha256Hex } from '../../action/index.ts'
import type { Step } from './steps.ts'

/**
 * What an approval is bound to: the exact bytes of every statement with its parameters, and the settings of the
 * session that decide what names in them mean. Names of prepared statements and portals are left out: a driver
 * chooses them anew each time, and they change nothing of what runs.
 */
export function bindingDigest(steps: readonly Step[], context: Readonly<Record<string, string>>): string {
  // The statements of one message share its bytes.
  const hashes = new Map<Buffer, string>()
  const hashOf = (bytes: Buffer): string => {
    const hash = hashes.get(bytes) ?? sha256Hex(bytes)
    hashes.set(bytes, hash)
    return hash
  }
  const parts = steps.map(({ text, facts, bound, behind }) => ({
    statement: hashOf(text.bytes),
    part: facts.text,
    ...(behind === undefined ? {} : { prepared: behind }),
    ...(bound === undefined
      ? {}
      : {
          types: bound.prepared?.parameterTypes ?? [],
          formats: [...bound.formats],
          values: bound.values.map((value) => (value === null ? null : value.toString('base64'))),
        }),
  }))
  return sha256Hex(canonicalJson({ parts, context }))
}
