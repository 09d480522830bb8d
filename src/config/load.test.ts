import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { SallyportError } from '../errors/index.ts'
import { configJsonSchema, configReference, loadConfig, parseConfig } from './index.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-config-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function failure(path: string): SallyportError {
  try {
    loadConfig(path)
  } catch (thrown) {
    if (thrown instanceof SallyportError) return thrown
    throw thrown
  }
  throw new Error('loaded')
}

describe('loading a configuration file', () => {
  it('explains itself where there is no file', () => {
    const path = join(folder, 'none.yaml')
    const { code, message, hint } = failure(path)
    expect(code).toBe('not_found')
    expect(message).toContain(path)
    expect(hint).toContain('npm start')
    const example =
      hint
        ?.split('\n')
        .filter((line) => line.startsWith('  '))
        .join('\n') ?? ''
    expect(parseConfig(example, path, {}).doors).toHaveLength(1)
  })

  it('resolves paths from the folder of the file', () => {
    const path = join(folder, 's.yaml')
    const door = '{ name: a, protocol: postgres, listen: "127.0.0.1:1", upstream: "postgres://h:1" }'
    writeFileSync(path, `rules: [mine, ../shared.yaml]\ndoors: [${door}]\n`)
    expect(loadConfig(path).rules).toEqual([join(folder, 'mine'), join(folder, '../shared.yaml')])
  })

  it('says so where the path is a folder or the text is not UTF-8', () => {
    expect(failure(folder).message).toContain('cannot be read')
    const path = join(folder, 'latin1.yaml')
    writeFileSync(path, Buffer.from([0x64, 0xe4, 0x0a]))
    expect(failure(path).code).toBe('config_invalid')
  })
})

describe('the schema and the reference', () => {
  it('give an example that loads, and the JSON Schema accepts it', () => {
    const reference = configReference()
    const example = /```yaml\n([\s\S]*?)```/.exec(reference)?.[1] ?? ''
    expect(parseConfig(example, 's.yaml', {}).doors[0]?.name).toBe('shop-db')
    const validate = new Ajv2020({ strict: false }).compile(configJsonSchema())
    expect(validate(parse(example))).toBe(true)
    expect(validate({ doors: [], listne: 1 })).toBe(false)
  })

  it('explain every key, with its default', () => {
    const rows = configReference()
      .split('\n')
      .filter((line) => line.startsWith('| `'))
    expect(rows.length).toBeGreaterThan(15)
    for (const row of rows) expect(row).not.toMatch(/\| *\|$/)
    expect(rows).toContainEqual(expect.stringMatching(/^\| `doors\[\]\.hold\.wait` \| text \| `10m` \|/))
    expect(rows).toContainEqual(expect.stringMatching(/^\| `listen` \| text \| `127\.0\.0\.1:7070` \|/))
  })
})
