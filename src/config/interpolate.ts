import { type Diagnostic, didYouMean, type Path, type YamlSource } from '../errors/index.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** `${NAME}`; with `$$` in front it is written out as it stands. Anything else after `${` is a slip. */
const reference = /\$\$\{|\$\{([^}]*)\}?/g

/** Puts environment variables into every string value (not into keys). One that is not defined is an error. */
export function interpolate(
  source: YamlSource,
  environment: Environment,
): { readonly data: unknown; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = []
  const at = (path: Path, offset: number, length: number) => {
    const start = source.stringOffsets(path)?.(offset)
    return start === undefined ? source.value(path) : { start, length }
  }
  const walk = (value: unknown, path: Path): unknown => {
    if (typeof value === 'string') {
      return value.replace(reference, (written: string, name: string | undefined, offset: number) => {
        if (name === undefined) return '${'
        const span = at(path, offset, written.length)
        if (!/^[A-Za-z_]\w*$/.test(name) || !written.endsWith('}')) {
          diagnostics.push(
            source.diagnostic(
              span,
              `${written} is not an environment variable`,
              'a name of letters, digits and _ in braces; write $$ for a plain $ before a brace',
            ),
          )
          return written
        }
        const found = environment[name]
        if (found === undefined) {
          const near = didYouMean(name, Object.keys(environment))
          const hint = near === undefined ? 'set it before starting' : `set it before starting; did you mean ${near}?`
          diagnostics.push(source.diagnostic(span, `the environment variable ${name} is not set`, hint))
        }
        return found ?? written
      })
    }
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...path, key])]))
  }
  return { data: walk(source.data, []), diagnostics }
}
