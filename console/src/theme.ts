import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core'

const gate: MantineColorsTuple = [
  '#eef3fc',
  '#dbe5f7',
  '#b5caee',
  '#8cade5',
  '#6a94dd',
  '#4b7bd0',
  '#3064bd',
  '#20509e',
  '#1a4183',
  '#143267',
]

/** Text to background; Mantine draws fields, menus and dialogs in dark mode with these. */
const dark: MantineColorsTuple = [
  '#e7ebf0',
  '#c3cad3',
  '#9ca8b6',
  '#6c7886',
  '#414b57',
  '#2b323b',
  '#1d222a',
  '#171b21',
  '#12161b',
  '#0f1216',
]

/** System fonts only: the console loads nothing from elsewhere and works on a machine without internet. */
export const theme = createTheme({
  colors: { gate, dark },
  primaryColor: 'gate',
  primaryShade: { light: 7, dark: 6 },
  autoContrast: true,
  defaultRadius: 6,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  cursorType: 'pointer',
  respectReducedMotion: true,
})

/** Mantine's own greys are too faint for WCAG AA; its controls take the console's colours (styles/global.css). */
export const cssVariables: CSSVariablesResolver = () => {
  const own = {
    '--mantine-color-body': 'var(--sp-surface)',
    '--mantine-color-text': 'var(--sp-text)',
    '--mantine-color-dimmed': 'var(--sp-dim)',
    '--mantine-color-placeholder': 'var(--sp-dim)',
    '--mantine-color-error': 'var(--sp-danger)',
    '--mantine-color-default': 'var(--sp-surface)',
    '--mantine-color-default-hover': 'var(--sp-hover)',
    '--mantine-color-default-border': 'var(--sp-line-strong)',
  }
  return { variables: {}, light: own, dark: own }
}
