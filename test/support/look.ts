import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { full } from './full.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Colours that are still on their way to another scheme are none that anybody reads. */
const settled = `for (const one of document.getAnimations()) {
  if (Number.isFinite(Number(one.effect?.getComputedTiming().endTime))) one.finish()
}`

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[]
}

const widths = { desk: 1280, phone: 390 }
/** Set to a folder: pictures of what the tests look at are written there. */
const pictures = process.env.SALLYPORT_SHOTS

/** Each width and each scheme once; all four pairs in a full run, where pictures are wanted too. */
const looks = [
  ['desk', 'light'],
  ...(full || pictures !== undefined
    ? ([
        ['desk', 'dark'],
        ['phone', 'light'],
      ] as const)
    : []),
  ['phone', 'dark'],
] as const

/**
 * Looks at the page as it is in light and dark, at a desk and on a phone: nothing breaks WCAG 2.1 AA as far as axe can
 * tell, and nothing is wider than the screen.
 */
export async function looksRight(page: Page, name: string): Promise<void> {
  for (const [device, scheme] of looks) {
    await page.setViewportSize({ width: widths[device], height: 900 })
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    await page.locator(`html[data-mantine-color-scheme="${scheme}"]`).waitFor()
    await page.evaluate(settled)
    const where = `${name}-${device}-${scheme}`
    if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${where}.png`), fullPage: true })
    expect(await violations(page), where).toEqual([])
    const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
    expect([where, overflow]).toEqual([where, 0])
  }
  await page.setViewportSize({ width: widths.desk, height: 900 })
  await page.emulateMedia({ colorScheme: 'light' })
}

async function violations(page: Page): Promise<string[]> {
  // Through the debugger: the page's Content-Security-Policy lets no script of ours in.
  await page.evaluate(axe)
  const { violations: found }: { violations: Violation[] } = await page.evaluate(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] })`,
  )
  return found.flatMap(({ id, nodes }) => nodes.map((node) => `${id} ${node.target.join(' ')}: ${node.failureSummary}`))
}
