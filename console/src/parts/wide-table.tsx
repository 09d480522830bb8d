import type { ReactNode } from 'react'
import page from './page.module.css'

interface WideTableProps {
  /** What the table is, for who does not see it. */
  readonly label: string
  readonly head: readonly ReactNode[]
  readonly children: ReactNode
}

/** A table that scrolls where it is wider than the screen, with the keyboard too. */
export function WideTable({ label, head, children }: WideTableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable, and its content may hold nothing that is (WCAG 2.1.1)
    <section className={`card ${page.scroll}`} aria-label={label} tabIndex={0}>
      <table className={page.table}>
        <thead>
          <tr>
            {head.map((cell, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns stay where they are
              <th key={index} scope="col">
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  )
}
