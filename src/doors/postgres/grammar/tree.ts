/**
 * Reading PostgreSQL's parse tree as JSON. A node is an object with one capitalised key (`{ DeleteStmt: {…} }`);
 * some fields hold a node's members without that wrapper (`relation`, `typeName`).
 */
export type Tree = Readonly<Record<string, unknown>>

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function tree(value: unknown): Tree {
  return isTree(value) ? value : {}
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The kind and members of a wrapped node. */
export function unwrap(value: unknown): { kind: string; node: Tree } | undefined {
  if (!isTree(value)) return undefined
  const [kind, ...others] = Object.keys(value)
  if (kind === undefined || others.length > 0 || !/^[A-Z]/.test(kind)) return undefined
  return { kind, node: tree(value[kind]) }
}

/** The string of a `String` node. */
export function stringOf(value: unknown): string {
  return text(tree(tree(value).String).sval)
}

/** A dotted name from a list of `String` nodes, or from a `List` of them. */
export function nameOf(value: unknown): string {
  const parts = Array.isArray(value) ? value : list(tree(tree(value).List).items)
  if (parts.length === 0) {
    const single = unwrap(value)
    if (single?.kind === 'String') return text(single.node.sval)
    if (single?.kind === 'TypeName') return nameOf(single.node.names)
    if (single?.kind === 'ObjectWithArgs') return nameOf(single.node.objname)
    return ''
  }
  return parts.map((part) => stringOf(part) || nameOf(part)).join('.')
}

/** The parts of a dotted name, each as it stands in the catalog. */
export function namePartsOf(value: unknown): readonly string[] {
  return list(value).map(stringOf)
}

/** The name of a RangeVar's members, schema-qualified where it was written so. */
export function relationName(value: unknown): string {
  const { catalogname, schemaname, relname } = tree(value)
  return [catalogname, schemaname, relname].filter((part) => typeof part === 'string' && part !== '').join('.')
}

/** The name of a RoleSpec's members. */
export function roleName(value: unknown): string {
  const spec = tree(tree(value).RoleSpec ?? value)
  return text(spec.rolename) || text(spec.roletype).replace('ROLESPEC_', '')
}

/** The plain value of a constant: its text, whatever its type; undefined for anything else (`NULL` too). */
export function constantOf(value: unknown): string | undefined {
  const found = unwrap(value)
  switch (found?.kind) {
    case 'A_Const': {
      const { sval, ival, fval, boolval, bsval, isnull } = found.node
      if (isnull === true) return undefined
      if (sval !== undefined) return text(tree(sval).sval)
      // A zero or false member is left out of the JSON.
      if (ival !== undefined) return String(tree(ival).ival ?? 0)
      if (fval !== undefined) return text(tree(fval).fval)
      if (boolval !== undefined) return String(tree(boolval).boolval === true)
      return text(tree(bsval).bsval)
    }
    case 'TypeCast':
      return constantOf(found.node.arg)
    case 'Integer':
      return String(found.node.ival ?? 0)
    case 'Float':
      return text(found.node.fval)
    case 'String':
      return text(found.node.sval)
    case 'Boolean':
      return String(found.node.boolval === true)
    case 'TypeName':
      return nameOf(found.node.names)
    default:
      return undefined
  }
}

/** An option of a `WITH (…)`-like list, by name; undefined: not given. An option without a value is `true`. */
export function option(options: unknown, name: string): string | undefined {
  let found: string | undefined
  for (const item of list(options)) {
    const element = tree(tree(item).DefElem)
    // The last one wins, as in PostgreSQL.
    if (text(element.defname).toLowerCase() === name)
      found = element.arg === undefined ? 'true' : (constantOf(element.arg) ?? '')
  }
  return found
}

/** A boolean as PostgreSQL's defGetBoolean reads it; anything it would refuse counts as true here. */
export function isOn(value: string | undefined): boolean {
  return value !== undefined && !['false', 'off', '0', 'no'].includes(value.toLowerCase())
}
