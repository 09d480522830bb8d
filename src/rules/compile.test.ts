import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { formatDiagnostics } from '../errors/index.ts'
import { compileRules } from './compile.ts'
import { ruleFileJsonSchema } from './rule-file.ts'

const head = `version: 1
lists: { production: [production, prod], dba: [dba, dba-oncall] }
macros: { big: 'impact.rows > 10' }
rules:
`

function ruleFile(when: string, more: string = ''): string {
  return `${head}  - id: a-rule\n    about: Says something\n    when: ${when}\n    then: hold\n${more}`
}

/** What a person reads: `line:column: message`, the underlined text, the hint. */
function complaints(text: string, file: string = 'r.yaml'): string[] {
  const result = compileRules([{ file, text }])
  if (result.ok) return []
  return result.diagnostics.map(({ line, column, length = 1, message, hint }) => {
    const underlined = (text.split('\n')[line - 1] ?? '').slice(column - 1, column - 1 + length)
    return `${line}:${column} ${message} [${underlined}]${hint ? ` → ${hint}` : ''}`
  })
}

describe('a condition is checked against the schema of an action, at its place in the file', () => {
  it.each([
    ['a field that does not exist', `'impact.rowz > 1'`, '7:19 impact has no field rowz [rowz] → did you mean rows?'],
    ['a field inside has()', `'has(impact.rowz)'`, 'impact has no field rowz [rowz] → did you mean rows?'],
    ['a field of a list item', `'resources.exists(r, r.nme == "x")'`, 'has no field nme [nme] → did you mean name?'],
    ['a list that does not exist', `'target.environment in producton'`, 'unknown name producton'],
    ['an effect that does not exist', `'"delte" in effects'`, '["delte"] → did you mean "delete"?'],
    ['an effect in a loop', `'effects.exists(e, e == "delte")'`, '["delte"] → did you mean "delete"?'],
    ['a word in a list of words', `'actor.kind in ["agnt"]'`, '["agnt"] → did you mean "agent"?'],
    ['a number compared with a word', `'operation == 1'`, '== does not work between string and number'],
    ['a function that does not exist', `'foo(1)'`, 'unknown function foo'],
    ['a single =', `'impact.rows = 1'`, '→ compare with =='],
    ['words for operators', `'big and big'`, '→ and is &&, or is ||, not is !'],
    ['whole numbers in arithmetic', `'impact.rows + 1 > 2.0'`, '→ numbers of an action are decimals'],
    ['windows', `'window.deleted > 1'`, 'this file has no windows [window]'],
    ['cel.bind', `'cel.bind(a, 1, a == 1)'`, 'cel.bind is not supported'],
    ['a comment', `'big // or so'`, 'a condition has no comments'],
    ['a condition over several lines', `|\n      big`, 'a condition stands on one line'],
    ['a condition that is never true', `'false'`, 'can never be true'],
    ['a YAML boolean', 'true', 'must be a string, not the boolean true'],
  ])('%s', (_, when, complaint) => {
    expect(complaints(ruleFile(when)).join('\n')).toContain(complaint)
  })

  it.each([['impact.rows'], ['operation'], ['effects'], ['request.anything'], ['null'], ['1'], ['impact']])(
    'refuses %s, which is not true or false',
    (when) => {
      expect(complaints(ruleFile(`'${when}'`)).join()).toContain('a condition must be true or false')
    },
  )

  it('finds the place through quotes, escapes and macros', () => {
    expect(complaints(ruleFile(`'"it''s" == operation && impact.rowz > 1'`))[0]).toMatch(/^7:43 .*\[rowz]/)
    expect(complaints(ruleFile(`"\\"\\x41\\" == operation && impact.rowz > 1"`))[0]).toMatch(/\[rowz]/)
    expect(complaints(ruleFile(`big && big && impact.rowz > 1`))[0]).toMatch(/^7:32 .*\[rowz]/)
    expect(complaints(ruleFile(`'"x" in effects || big == 3'`).replace('"x" in effects', 'true'))[0]).toContain(
      '(in macro big) [big]',
    )
  })

  it('explains what YAML makes of quotes and exclamation marks', () => {
    expect(complaints(ruleFile('"delete" in effects')).join()).toContain('in single quotes')
    expect(complaints(ruleFile('!impact.bounded && big')).join()).toContain('in single quotes')
  })
})

describe('patterns', () => {
  it('refuses matches, whose time has no limit', () => {
    expect(complaints(ruleFile(`'operation.matches("(a+)+$")'`))[0]).toMatch(/matches\(\) is not supported.*use rx/)
  })

  it('refuses a pattern that is not written out, or is not a pattern', () => {
    expect(complaints(ruleFile(`'rx(operation, door)'`))[0]).toContain('must be written out as a string [door]')
    expect(complaints(ruleFile(`'rx(operation, "(")'`))[0]).toContain('missing closing ): `(` ["("]')
    expect(complaints(ruleFile(`'rx(operation, "(?=a)")'`))[0]).toContain('unsupported')
  })

  it('answers at once where a JavaScript RegExp would not come back', () => {
    const result = compileRules([{ file: 'r.yaml', text: ruleFile(`'rx(operation, "^(a+)+$")'`) }])
    if (!result.ok) throw new Error(formatDiagnostics(result.diagnostics))
    const [rule] = result.rules
    expect(rule?.condition.holds({ operation: `${'a'.repeat(50_000)}!` })).toBe(false)
    expect(rule?.condition.holds({ operation: 'a'.repeat(50_000) })).toBe(true)
  })

  it('refuses a loop in a loop, also through a macro', () => {
    const inner = 'resources.exists(s, s.name == door)'
    expect(complaints(ruleFile(`'resources.exists(r, ${inner})'`))[0]).toContain('inside another loop')
    const text = ruleFile(`'resources.exists(r, inner)'`).replace('macros: {', `macros: { inner: '${inner}',`)
    expect(complaints(text)[0]).toContain('inside another loop')
  })
})

describe('lists and macros', () => {
  it.each([
    ['lists: { production: [] }', 'lists.production is empty'],
    ['lists: { effects: [a] }', 'effects is a field of an action'],
    ['lists: { in: [a] }', 'in means something else'],
    ['lists: { big: [a] }', 'big is already a list'],
    ['lists: { 2x: [a] }', 'must be a name of letters'],
    ['lists: { production: [1] }', 'must be a string, not the number 1'],
  ])('%s is refused', (lists, complaint) => {
    const text = ruleFile('big').replace(/^lists: .*$/m, lists)
    expect(complaints(text).join('\n')).toContain(complaint)
  })

  it('puts a macro in as one value', () => {
    const text = ruleFile(`'!either'`).replace('macros: {', `macros: { either: 'impact.objects > 1 || impact.exact',`)
    const result = compileRules([{ file: 'r.yaml', text }])
    const rule = result.ok ? result.rules[0] : undefined
    expect(rule?.condition.holds({ impact: { objects: 0, exact: true } })).toBe(false)
  })

  it.each([
    [`'big && true'`, 'a macro cannot use another macro (big)'],
    [`'impact.rows > 1) || (true'`, 'Unexpected'],
    [`'impact.rowz > 1'`, 'impact has no field rowz [rowz]'],
    [`'true // and'`, 'has no comments'],
  ])('refuses the macro %s', (macro, complaint) => {
    const text = ruleFile('big').replace('macros: {', `macros: { other: ${macro},`)
    expect(complaints(text).join('\n')).toContain(complaint)
  })

  it('does not take a member or a string for a macro', () => {
    const text = ruleFile(`'target.environment == "environment" && "big" != r"big"'`).replace(
      'macros: {',
      `macros: { environment: 'impact.exact',`,
    )
    const result = compileRules([{ file: 'r.yaml', text }])
    const rule = result.ok ? result.rules[0] : undefined
    expect(rule?.condition.ast.input).toBe('target.environment == "environment" && "big" != r"big"')
  })

  it('expands a list of groups in from, and leaves other names as groups', () => {
    const text = ruleFile('big').replace(
      'then: hold',
      'then: { hold: { approvals: 2, from: [dba, lead], within: 2h } }',
    )
    const result = compileRules([{ file: 'r.yaml', text }])
    expect(result.ok && result.summaries[0]).toEqual({
      id: 'a-rule',
      about: 'Says something',
      file: 'r.yaml',
      line: 5,
      mode: 'enforce',
      outcome: 'hold',
      severity: null,
      when: 'big',
      review: { approvals: 2, from: ['dba', 'dba-oncall', 'lead'], within: 7_200_000 },
    })
  })
})

describe('the structure of a file', () => {
  it.each([
    ['', 'the file is empty'],
    ['# nothing', 'the file is empty'],
    ['version: 1', 'the rule file has no rules'],
    ['version: 1\nrules: []', 'rules is empty'],
    ['rules: []', 'the rule file has no version'],
    ['version: 2\nrules: []', 'version is 2'],
    ['version: 1\nrulez: []', 'unknown key "rulez" in the rule file [rulez] → did you mean rules?'],
    ['version: 1\nwindows: { a: { over: 5m } }\nrules: [{}]', 'rules[0] has no id'],
    ['version: 1\nwindows: { a: { count: true, ovr: 5m } }\nrules: []', '→ did you mean over?'],
    ['a: 1\na: 2', 'must be unique'],
    ['a: &x 1\nb: *x', 'anchors and aliases are not supported'],
    ['version: 1\n---\nversion: 1', 'multiple documents'],
    ['['.repeat(20_000), 'nests too deeply'],
    [`version: ${'['.repeat(100)}1${']'.repeat(100)}`, 'nests too deeply'],
    [`version: 1\nlists: { a: ['${'x'.repeat(1024 * 1024)}'] }`, 'larger than'],
    [ruleFile('big', '    moed: shadow\n'), '9:5 unknown key "moed" in rules[0] [moed]'],
    [ruleFile('big', '    mode: shadw\n'), '[shadw] → did you mean shadow?'],
    [ruleFile('big', '    tests: []\n'), 'rules[0].tests is empty'],
    [ruleFile('big', '    message: "{impact.rowz}"\n'), '[impact.rowz] → did you mean rows?'],
    [ruleFile('big', '    message: "{impact"\n'), 'a brace without its partner [{]'],
    [ruleFile('big').replace('then: hold', 'then: hodl'), 'rules[0].then is "hodl"'],
    [ruleFile('big').replace('then: hold', 'then: [hold]'), 'rules[0].then cannot be a list'],
    [ruleFile('big').replace('then: hold', 'then: { hold: { from: [] } }'), 'from is empty'],
    [ruleFile('big').replace('then: hold', 'then: { hold: { aprovals: 2 } }'), 'did you mean approvals?'],
    [ruleFile('big').replace('then: hold', 'then: { hold: { within: 30x } }'), 'must be a duration'],
    [ruleFile('big').replace('then: hold', 'then: { hold: { use: soon } }'), 'must be a duration'],
    [ruleFile('big').replace('then: hold', 'then: { hold: { steps: [{}], from: [a] } }'), 'from stands beside steps'],
    [ruleFile('big').replace('then: hold', 'then: { hold: { approvals: 0 } }'), 'must be at least 1'],
    [ruleFile('big').replace('a-rule', 'A rule'), 'must be lower-case letters'],
    [ruleFile(`'${'true || '.repeat(600)}big'`), 'longer than 4096 characters'],
  ])('refuses case %#', (text, complaint) => {
    expect(complaints(text).join('\n')).toContain(complaint)
  })

  it('refuses an id twice, over all files, and names the other place', () => {
    const result = compileRules([
      { file: 'b.yaml', text: ruleFile('big') },
      { file: 'a.yaml', text: ruleFile('big') },
    ])
    expect(result.ok ? [] : result.diagnostics).toMatchObject([
      { file: 'b.yaml', line: 5, column: 9, message: 'the rule id a-rule is taken: a.yaml:5' },
    ])
  })

  it('reports every error, not only the first', () => {
    const text = ruleFile(`'impact.rowz > 1'`, '    message: "{nope}"\n')
    expect(complaints(text)).toHaveLength(2)
  })

  it('refuses no files at all, unless that is wanted', () => {
    expect(compileRules([]).ok).toBe(false)
    expect(compileRules([], { allowEmpty: true }).ok).toBe(true)
  })

  it('refuses more rules than a set may hold', () => {
    const many = Array.from(
      { length: 5_001 },
      (_, i) => `  - { id: r${i}, about: x, when: 'impact.exact', then: flag }`,
    )
    expect(complaints(head + many.join('\n')).join()).toContain('at most 5000')
  })

  it('has a JSON Schema that accepts what it accepts', () => {
    const validate = new Ajv2020({ strict: false }).compile(ruleFileJsonSchema())
    expect(validate(parse(ruleFile('big', '    mode: shadow\n')))).toBe(true)
    expect(validate(parse(ruleFile('big', '    moed: shadow\n')))).toBe(false)
  })
})

describe('tests in a file', () => {
  const failing = ruleFile(
    'big',
    '    tests:\n      - { name: eleven, expect: allow, action: { impact: { rows: 11 } } }\n',
  )

  it('keep the file from loading when they fail, and say where', () => {
    expect(complaints(failing)).toEqual(['10:33 test "eleven" of rule a-rule expects allow and gets hold [allow]'])
  })

  it('can be listed with their results', () => {
    const result = compileRules([{ file: 'r.yaml', text: failing }], { allowFailingTests: true })
    expect(result.ok && result.tests).toMatchObject([
      { rule: 'a-rule', test: 'eleven', expected: 'allow', got: 'hold', passed: false },
    ])
  })

  it('judge by their own rule alone, as if enforced, with unknown rows as a hold', () => {
    const more = `    mode: shadow
    tests:
      - { name: unknown rows, expect: hold, action: {} }
      - { name: ten, expect: allow, action: { impact: { rows: 10 } } }
  - { id: other, about: x, when: 'true', then: block }
`
    expect(complaints(ruleFile('big', more))).toEqual([])
  })
})

describe('the version of a rule set', () => {
  const version = (...files: [string, string][]) => {
    const result = compileRules(files.map(([file, text]) => ({ file, text })))
    return result.ok ? result.judge.version : 'refused'
  }
  const other = ruleFile('big').replace('a-rule', 'b-rule')

  it('depends on what the files say and are called, not on where they lie or come first', () => {
    const here = version(['rules/a.yaml', ruleFile('big')], ['rules/x/b.yaml', other])
    expect(here).toMatch(/^[0-9a-f]{12}$/)
    expect(version(['/etc/s/x/b.yaml', other], ['/etc/s/a.yaml', ruleFile('big')])).toBe(here)
    expect(version(['rules/a.yaml', ruleFile('big')], ['rules/x/c.yaml', other])).not.toBe(here)
    expect(version(['rules/a.yaml', `${ruleFile('big')} `], ['rules/x/b.yaml', other])).not.toBe(here)
  })
})
