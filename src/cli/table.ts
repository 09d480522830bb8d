import type { Colors } from './io.ts'
import { safeText } from './safe-text.ts'

/** A table for people. Cells are made safe here, so that no caller can forget it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], colors: Colors): string {
  const safe = rows.map((row) => row.map(safeText))
  const widths = head.map((title, column) =>
    Math.max(title.length, ...safe.map((row) => [...(row[column] ?? '')].length)),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        column === cells.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - [...cell].length),
      )
      .join('  ')
  return [colors.bold(line(head)), ...safe.map(line)].map((text) => `${text}\n`).join('')
}
