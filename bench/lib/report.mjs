import { readFile, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { median } from './stats.mjs'

/**
 * @typedef {import('./pgbench.mjs').Cell} Cell
 * @typedef {import('./pgbench.mjs').Measurement & { cpu: number }} Sample `cpu`: the proxy's processor seconds
 * @typedef {{ cell: Cell, samples: Map<string, Sample[]>, failures: Map<string, string> }} Row samples by target name
 */

/** @param {number} value @param {number} digits */
const fixed = (value, digits) => (Number.isFinite(value) ? value.toFixed(digits) : '–')

/** @param {readonly Sample[]} samples */
function tps(samples) {
  const values = samples.map((sample) => sample.tps)
  const mid = Math.round(median(values)).toLocaleString('en')
  return `${mid} (${Math.round(Math.min(...values)).toLocaleString('en')}–${Math.round(Math.max(...values)).toLocaleString('en')})`
}

/** Of the rounds' own ratios: the two runs of a round are neighbours in time. @param {readonly Sample[]} a @param {readonly Sample[]} b */
function ratio(a, b) {
  const ratios = a.flatMap((sample, round) => {
    const other = b[round]
    return other ? [sample.tps / other.tps] : []
  })
  if (ratios.length === 0) return '–'
  return `**${fixed(median(ratios), 2)}** (${fixed(Math.min(...ratios), 2)}–${fixed(Math.max(...ratios), 2)})`
}

/**
 * @param {readonly Row[]} rows
 * @param {readonly string[]} targets names, in column order
 * @returns {string} Markdown
 */
export function table(rows, targets) {
  const proxies = targets.filter((name) => name !== 'direct')
  const compared = targets.includes('Sallyport') && targets.includes('PgBouncer')
  const heads = [
    'script',
    'protocol',
    'clients',
    ...targets.map((name) => `${name}, tps`),
    ...(compared ? ['Sallyport ÷ PgBouncer'] : []),
    ...targets.map((name) => `${name}, p50 / p99 ms`),
    ...proxies.map((name) => `${name}, CPU µs/tx`),
  ]
  const lines = [heads, heads.map((_, column) => (column < 2 ? '---' : '---:'))]
  for (const { cell, samples, failures } of rows) {
    const of = (/** @type {string} */ name) => samples.get(name) ?? []
    const shown = (/** @type {string} */ name, /** @type {(all: Sample[]) => string} */ show) =>
      of(name).length > 0 ? show(of(name)) : failures.has(name) ? 'failed' : '–'
    lines.push([
      cell.script,
      cell.mode,
      String(cell.clients),
      ...targets.map((name) => shown(name, tps)),
      ...(compared ? [ratio(of('Sallyport'), of('PgBouncer'))] : []),
      ...targets.map((name) =>
        shown(name, (all) => `${fixed(median(all.map((s) => s.p50)), 2)} / ${fixed(median(all.map((s) => s.p99)), 2)}`),
      ),
      ...proxies.map((name) => shown(name, (all) => fixed(median(all.map((s) => (s.cpu / s.transactions) * 1e6)), 0))),
    ])
  }
  const failed = rows.flatMap(({ cell, failures }) =>
    [...failures].map(([name, why]) => `- ${name}, ${cell.script} ${cell.mode} ${cell.clients} clients failed: ${why}`),
  )
  const body = lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
  return failed.length > 0 ? `${body}\n\n${failed.join('\n')}` : body
}

/** The first column is words, the others are figures. @param {readonly string[]} heads @param {readonly (readonly string[])[]} rows */
export function markdownTable(heads, rows) {
  const line = heads.map((_, column) => (column === 0 ? '---' : '---:'))
  return [heads, line, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** @param {Record<string, string>} versions @param {string} command @param {string} method @returns {string} Markdown */
export function conditions(versions, command, method) {
  const [cpu] = cpus()
  const facts = [
    `Machine: ${availableParallelism()} cores (${cpu?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}`,
    `Software: Node ${process.version}, ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}`,
    `Method: ${method}`,
    `Measured ${new Date().toISOString().slice(0, 10)} with \`${command}\``,
  ]
  return facts.map((fact) => `- ${fact}`).join('\n')
}

/**
 * Puts text between `<!-- name:start -->` and `<!-- name:end -->`.
 * @param {string} file
 * @param {string} name
 * @param {string} text
 */
export async function writeBetween(file, name, text) {
  const old = await readFile(file, 'utf8')
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`]
  const from = old.indexOf(start)
  const to = old.indexOf(end)
  if (from < 0 || to < from) throw new Error(`${file} has no ${start} … ${end}`)
  await writeFile(file, `${old.slice(0, from + start.length)}\n${text}\n${old.slice(to)}`)
}
