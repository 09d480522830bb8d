// What judging costs: `npm run build:server && node bench/rules.mjs`. Figures stand in PERFORMANCE.md.
import process from 'node:process'

const dist = new URL('../dist/', import.meta.url)
const { compileRules, WindowFold, factsOf } = await import(new URL('rules/index.js', dist).href)
const { completeAction } = await import(new URL('action/index.js', dist).href)

const operations = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'DROP TABLE', 'ALTER TABLE', 'GRANT']
const effects = ['read', 'write', 'delete', 'destroy', 'grant', 'conceal', 'export', 'disrupt', 'execute', 'deploy']

/** Rules as packs have them: guarded by environment and effect, then by rows, names or who it is. */
function ruleFile(count) {
  const rest = [
    (i) => `impact.rows > ${1000 + i}`,
    (i) => `resources.exists(r, r.name == "table_${i}")`,
    (i) => `actor.id == "shop:user_${i}"`,
    (i) => `rx(request.statement, "secret_${i}")`,
    (i) => `!impact.bounded && target.system == "system_${i}"`,
  ]
  const rules = Array.from({ length: count }, (_, i) => {
    const effect = effects[i % effects.length]
    const protocol = i % 3 === 0 ? 'postgres' : i % 3 === 1 ? 'http' : 'kubernetes'
    const when = `protocol == "${protocol}" && target.environment in production && "${effect}" in effects && ${rest[i % rest.length](i)}`
    return `  - { id: rule-${i}, about: Rule ${i}, when: ${JSON.stringify(when)}, then: hold }`
  })
  return `version: 1\nlists: { production: [production, dr] }\nrules:\n${rules.join('\n')}\n`
}

const actions = Array.from({ length: 2_000 }, (_, i) =>
  completeAction({
    id: `a${i}`,
    operation: operations[i % operations.length],
    effects: [effects[i % effects.length]],
    actor: { id: `shop:user_${i % 97}`, kind: i % 5 === 0 ? 'service' : 'human' },
    target: { environment: i % 4 === 0 ? 'staging' : 'production', system: 'shop' },
    resources: [{ name: `orders_${i % 31}` }],
    impact: { rows: i % 900, bounded: true },
    request: { statement: `UPDATE orders_${i % 31} SET total = $1 WHERE id = ${i}`, traits: [] },
  }),
)

function micros(times, call) {
  call()
  const samples = []
  for (let round = 0; round < 5; round++) {
    const start = process.hrtime.bigint()
    for (let i = 0; i < times; i++) call()
    samples.push(Number(process.hrtime.bigint() - start) / 1_000 / times)
  }
  return samples.sort((a, b) => a - b)[2]
}

console.log('| rules | load, ms | µs an action |\n| ---: | ---: | ---: |')
for (const count of [10, 100, 1_000, 5_000]) {
  const before = performance.now()
  const compiled = compileRules([{ file: 'bench.yaml', text: ruleFile(count) }])
  if (!compiled.ok) throw new Error(compiled.diagnostics.map(({ message }) => message).join('; '))
  const load = performance.now() - before
  const each =
    micros(5, () => {
      for (const action of actions) compiled.judge.judge(action)
    }) / actions.length
  console.log(`| ${count} | ${load.toFixed(0)} | ${each.toFixed(1)} |`)
}

const windows = Array.from({ length: 10 }, (_, i) => `  w${i}: { sum: impact.rows, by: actor.id, over: ${i + 1}h }`)
const uses = windows.map((_, i) => `window.w${i} > 100000000`).join(' || ')
const text = `version: 1\nwindows:\n${windows.join('\n')}\nrules:\n  - { id: r, about: A, when: ${JSON.stringify(uses)}, then: hold }\n`
const compiled = compileRules([{ file: 'windows.yaml', text }])
if (!compiled.ok) throw new Error(compiled.diagnostics.map(({ message }) => message).join('; '))
const folds = new Map(compiled.windows.map((window) => [window.id, new WindowFold(window)]))
globalThis.gc?.()
const heap = process.memoryUsage().heapUsed
const actors = 100_000
const start = performance.now()
const events = actors * 2
for (let i = 0; i < events; i++) {
  const action = completeAction({
    id: `e${i}`,
    effects: ['delete'],
    actor: { id: `shop:user_${i % actors}` },
    impact: { rows: 3 },
  })
  const facts = factsOf(action)
  for (const fold of folds.values()) {
    fold.requested(action, facts, i, 'running')
    fold.ended(action.id, i, { took: true })
  }
}
const each = ((performance.now() - start) * 1_000) / events
globalThis.gc?.()
const grown = (process.memoryUsage().heapUsed - heap) / 1024 / 1024
const read = (window, key, at, own) => folds.get(window.id).read(key, at, own, { actions: [] })
const moment = { now: events, windows: { read } }
const judged =
  micros(5, () => {
    for (const action of actions) compiled.judge.judge(action, moment)
  }) / actions.length
console.log(
  `\n${actors} actors × 10 windows: ${grown.toFixed(0)} MiB, ${each.toFixed(1)} µs to record an action, ${judged.toFixed(1)} µs to judge one`,
)
