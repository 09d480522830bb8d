import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** The functions of libpg_query as its WebAssembly build exports them. */
interface PgQueryModule {
  _malloc(bytes: number): number
  _free(pointer: number): void
  lengthBytesUTF8(text: string): number
  stringToUTF8(text: string, pointer: number, bytes: number): void
  UTF8ToString(pointer: number): string
  getValue(pointer: number, type: 'i32'): number
  _wasm_parse_query_raw(text: number): number
  _wasm_free_parse_result(result: number): void
  _wasm_parse_plpgsql?(text: number): number
  _wasm_scan?(text: number): number
  _wasm_free_string?(text: number): void
}

type ModuleFactory = (options: {
  instantiateWasm: (imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void) => object
}) => Promise<PgQueryModule>

/** PostgreSQL's parser refuses the text: the server would refuse it too. */
export class ParseRefused extends Error {
  override readonly name = 'ParseRefused'
}

/** The parser itself failed (stack overflow, memory): nothing is known of the text. */
export class ParserFault extends Error {
  override readonly name = 'ParserFault'
}

export interface Token {
  readonly start: number
  readonly end: number
  readonly isComment: boolean
}

/** SQL_COMMENT and C_COMMENT (libpg_query, protobuf/pg_query.proto). */
const comments: ReadonlySet<number> = new Set([275, 276])

const require = createRequire(import.meta.url)

/**
 * PostgreSQL's own parser for one major version, compiled to WebAssembly.
 *
 * A stack overflow inside WebAssembly is not survivable: the instance's own stack pointer stays where it was, and after
 * some sixty of them every later parse fails. So after any fault the instance is thrown away, and a new one is made
 * from the compiled code before the next parse.
 */
export class Parser {
  readonly #factory: ModuleFactory
  readonly #code: WebAssembly.Module
  #instance: PgQueryModule

  private constructor(factory: ModuleFactory, code: WebAssembly.Module, instance: PgQueryModule) {
    this.#factory = factory
    this.#code = code
    this.#instance = instance
  }

  /** @param name npm name of the libpg-query build, one for each major version */
  static async load(name: string): Promise<Parser> {
    const path = require.resolve(`${name}/wasm/libpg-query.js`)
    const factory: ModuleFactory = require(path)
    const code = await WebAssembly.compile(readFileSync(join(dirname(path), 'libpg-query.wasm')))
    return new Parser(factory, code, await instantiate(factory, code))
  }

  /** The parse tree as JSON. @throws ParseRefused, ParserFault */
  parse(sql: string): unknown {
    const json = this.#call(sql, (module, text) => {
      const result = module._wasm_parse_query_raw(text)
      if (result === 0) throw new ParserFault('the parser is out of memory')
      try {
        // PgQueryParseResult: parse tree, stderr buffer, error.
        const error = module.getValue(result + 8, 'i32')
        if (error !== 0) throw new ParseRefused(module.UTF8ToString(module.getValue(error, 'i32')))
        return module.UTF8ToString(module.getValue(result, 'i32'))
      } finally {
        module._wasm_free_parse_result(result)
      }
    })
    return JSON.parse(json)
  }

  /** The tree of PL/pgSQL functions in CREATE FUNCTION or DO statements. @throws ParseRefused, ParserFault */
  parsePlPgSql(sql: string): unknown {
    const json = this.#call(sql, (module, text) => {
      if (module._wasm_parse_plpgsql === undefined || module._wasm_free_string === undefined) {
        throw new ParseRefused('this grammar does not read PL/pgSQL')
      }
      const result = module._wasm_parse_plpgsql(text)
      const answer = module.UTF8ToString(result)
      module._wasm_free_string(result)
      if (!answer.startsWith('{')) throw new ParseRefused(answer)
      return answer
    })
    return JSON.parse(json)
  }

  /**
   * Where the tokens of a text begin and end, in bytes of UTF-8, as PostgreSQL's own scanner sees them.
   * @throws ParseRefused, ParserFault
   */
  scan(sql: string): readonly Token[] {
    const json = this.#call(sql, (module, text) => {
      if (module._wasm_scan === undefined || module._wasm_free_string === undefined) {
        throw new ParseRefused('this grammar does not scan')
      }
      const result = module._wasm_scan(text)
      const answer = module.UTF8ToString(result)
      module._wasm_free_string(result)
      if (!answer.startsWith('{')) throw new ParseRefused(answer)
      return answer
    })
    const { tokens }: { tokens: readonly { start: number; end: number; tokenType: number }[] } = JSON.parse(json)
    return tokens.map(({ start, end, tokenType }) => ({ start, end, isComment: comments.has(tokenType) }))
  }

  #call(sql: string, work: (module: PgQueryModule, text: number) => string): string {
    const module = this.#instance
    try {
      const bytes = module.lengthBytesUTF8(sql) + 1
      const text = module._malloc(bytes)
      try {
        module.stringToUTF8(sql, text, bytes)
        return work(module, text)
      } finally {
        module._free(text)
      }
    } catch (error) {
      if (error instanceof ParseRefused) throw error
      this.#replace()
      throw new ParserFault(error instanceof Error ? error.message : String(error))
    }
  }

  /**
   * Puts a new instance in place. Emscripten hands it over in a promise; until then the faulty one stays and may fail
   * again, which is answered the same way.
   */
  #replace(): void {
    instantiate(this.#factory, this.#code).then(
      (instance) => {
        this.#instance = instance
      },
      () => undefined,
    )
  }
}

function instantiate(factory: ModuleFactory, code: WebAssembly.Module): Promise<PgQueryModule> {
  return factory({
    instantiateWasm: (imports, done) => {
      const instance = new WebAssembly.Instance(code, imports)
      done(instance)
      return instance.exports
    },
  })
}
