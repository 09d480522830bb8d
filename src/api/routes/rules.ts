import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import { compileRules, type RuleText } from '../../rules/index.ts'
import { type ApiEnv, needs } from '../access.ts'
import type { ApiDeps, RulesNow } from '../deps.ts'
import { failures, json, jsonBody } from '../describe.ts'
import { ruleCheckSchema, ruleFilesSchema, rulesSchema, ruleTextSchema } from '../rule-schemas.ts'

const rules = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/rules',
  summary: 'The rules in force',
  responses: { ...failures, 200: json(rulesSchema, 'Rules') },
})

const files = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/rules/files',
  summary: 'The files of the rules in force, as they were read',
  responses: { ...failures, 200: json(ruleFilesSchema, 'Files') },
})

const check = createRoute({
  ...needs('read'),
  method: 'post',
  path: '/api/rules/check',
  summary: 'Whether the rules in force would load with one file changed, and what their tests say; changes nothing',
  request: { body: jsonBody(ruleTextSchema) },
  responses: { ...failures, 200: json(ruleCheckSchema, 'What was found') },
})

export function rulesRoutes(app: OpenAPIHono<ApiEnv>, deps: ApiDeps): void {
  app.openapi(rules, (c) => c.json(viewRules(deps.rules.current()), 200))

  app.openapi(files, (c) => {
    const now = deps.rules.current()
    return c.json({ version: now.version, files: now.files }, 200)
  })

  app.openapi(check, (c) => c.json(checkRules(deps.rules.current(), c.req.valid('json')), 200))
}

function checkRules({ files }: RulesNow, changed: RuleText) {
  const others = files.filter(({ file }) => file !== changed.file).map(({ file, text }) => ({ file, text }))
  const compiled = compileRules([...others, changed], { allowEmpty: true, allowFailingTests: true })
  if (!compiled.ok) return { ok: false, version: null, rules: 0, diagnostics: compiled.diagnostics, tests: [] }
  const failed = compiled.tests.filter(({ passed }) => !passed)
  return {
    ok: failed.length === 0,
    version: compiled.judge.version,
    rules: compiled.rules.length,
    diagnostics: failed.map(({ diagnostic }) => diagnostic),
    tests: compiled.tests.map(({ rule, test, expected, got, passed }) => ({ rule, test, expected, got, passed })),
  }
}

function viewRules(now: RulesNow) {
  return {
    version: now.version,
    files: now.files.map(({ file, digest }) => ({ file, digest })),
    rules: now.rules.map(({ id, about, references, outcome, mode, file, line, severity }) => ({
      id,
      about,
      references: references ?? [],
      outcome,
      mode,
      file,
      line,
      ...(severity === null ? {} : { severity }),
    })),
    problems: now.problems,
  }
}
