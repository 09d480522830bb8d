import type { CatalogName, StatementNames } from '../grammar/index.ts'
import { type Answer, answerSchema, type RelationInfo, type RoutineInfo } from './info.ts'
import type { Learned } from './learned.ts'

/** One thing asked of the catalog: by name (schema null: by search path), or by oid. */
export type Asked =
  | { readonly k: 'r' | 'f' | 'o' | 't'; readonly s: string | null; readonly n: string }
  | { readonly k: 'R' | 'F'; readonly i: number }

const keyOf = (asked: Asked) => ('i' in asked ? `${asked.k} ${asked.i}` : `${asked.k} ${asked.s ?? ''} ${asked.n}`)

/** What is known of the catalog under one search path. */
export class Shelf {
  /** Relations found; null: there is none of the name. */
  readonly #relations = new Map<string, RelationInfo | null>()
  readonly #routines = new Map<string, readonly RoutineInfo[]>()
  /** Functions behind operators and types. */
  readonly #behind = new Map<string, readonly number[]>()
  /** What was worked out from it, by what a statement names. */
  readonly learned = new WeakMap<StatementNames, Learned>()
  bytes = 0

  relation(asked: Asked): RelationInfo | null | undefined {
    return this.#relations.get(keyOf(asked))
  }

  routines(asked: Asked): readonly RoutineInfo[] | undefined {
    return this.#routines.get(keyOf(asked))
  }

  behind(asked: Asked): readonly number[] | undefined {
    return this.#behind.get(keyOf(asked))
  }

  /** Takes the server's answer to what was asked. */
  put(asked: readonly Asked[], { relations, functions, operators, types }: Answer, bytes: number): void {
    this.bytes += bytes
    for (const one of asked) {
      const key = keyOf(one)
      const named = <T extends { s: string | null; n: string | null }>(found: T) =>
        'n' in one && found.n === one.n && found.s === one.s
      switch (one.k) {
        case 'r':
          this.#relations.set(key, relations.find((found) => found.i === null && named(found)) ?? null)
          break
        case 'R':
          this.#relations.set(key, relations.find((found) => Number(found.i) === one.i && found.i !== null) ?? null)
          break
        case 'f':
          this.#routines.set(
            key,
            functions.filter((found) => found.i === null && named(found)),
          )
          break
        case 'F':
          this.#routines.set(
            key,
            functions.filter((found) => found.i === one.i),
          )
          break
        case 'o':
          this.#behind.set(
            key,
            operators.filter(named).flatMap((found) => found.functions),
          )
          break
        case 't':
          this.#behind.set(
            key,
            types.filter(named).flatMap((found) => found.functions),
          )
          break
      }
    }
  }
}

/** The server's answer to what was asked. @throws where it is not one */
export function readAnswer(json: string): Answer {
  return answerSchema.parse(JSON.parse(json))
}

/** Things to be asked under one search path; null: the session's own. */
export interface Missing {
  readonly path: readonly string[] | null
  readonly asked: Map<string, Asked>
}

/** Reads shelves and notes what is not on them yet. */
export class Reader {
  readonly missing: Map<string, Missing>
  readonly #path: readonly string[] | null
  readonly #shelves: (path: readonly string[] | null) => Shelf
  readonly #shelf: Shelf

  constructor(
    shelves: (path: readonly string[] | null) => Shelf,
    path: readonly string[] | null = null,
    missing: Map<string, Missing> = new Map(),
  ) {
    this.#shelves = shelves
    this.#path = path
    this.#shelf = shelves(path)
    this.missing = missing
  }

  /** The same under another search path, as a function with one of its own has. */
  under(path: readonly string[]): Reader {
    return new Reader(this.#shelves, path, this.missing)
  }

  /** What was worked out before; otherwise works it out, and keeps it if nothing was missing. */
  remember(names: StatementNames, learn: () => Learned): Learned {
    const known = this.#shelf.learned.get(names)
    if (known !== undefined) return known
    const before = this.missing.size
    const learned = learn()
    if (this.missing.size === 0 && before === 0) this.#shelf.learned.set(names, learned)
    return learned
  }

  /** null: there is none; undefined: not known yet. */
  relation({ schema, name }: CatalogName): RelationInfo | null | undefined {
    return this.#note({ k: 'r', s: schema, n: name }, (asked) => this.#shelf.relation(asked))
  }

  relationByOid(oid: number): RelationInfo | null | undefined {
    return this.#note({ k: 'R', i: oid }, (asked) => this.#shelf.relation(asked))
  }

  routines({ schema, name }: CatalogName): readonly RoutineInfo[] {
    return this.#note({ k: 'f', s: schema, n: name }, (asked) => this.#shelf.routines(asked)) ?? []
  }

  routineByOid(oid: number): RoutineInfo | undefined {
    return this.#note({ k: 'F', i: oid }, (asked) => this.#shelf.routines(asked))?.[0]
  }

  operator({ schema, name }: CatalogName): readonly number[] {
    return this.#note({ k: 'o', s: schema, n: name }, (asked) => this.#shelf.behind(asked)) ?? []
  }

  type({ schema, name }: CatalogName): readonly number[] {
    return this.#note({ k: 't', s: schema, n: name }, (asked) => this.#shelf.behind(asked)) ?? []
  }

  #note<T>(asked: Asked, read: (asked: Asked) => T | undefined): T | undefined {
    const found = read(asked)
    if (found === undefined) {
      const key = pathKey(this.#path)
      const under = this.missing.get(key) ?? { path: this.#path, asked: new Map() }
      this.missing.set(key, under)
      under.asked.set(keyOf(asked), asked)
    }
    return found
  }
}

export function pathKey(path: readonly string[] | null): string {
  return path === null ? '' : JSON.stringify(path)
}
