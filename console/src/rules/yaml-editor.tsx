import { autocompletion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { yaml } from '@codemirror/lang-yaml'
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { lintGutter, type Diagnostic as Mark, setDiagnostics } from '@codemirror/lint'
import { EditorState } from '@codemirror/state'
import { EditorView, highlightSpecialChars, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useRef } from 'react'
import type { Diagnostic } from '../api/rule-types.ts'
import { actionFields, celWords, ruleKeys } from './rule-words.ts'

interface YamlEditorProps {
  /** What the editor starts with; another text makes it start anew. */
  readonly text: string
  /** The line to show, from 1. */
  readonly line: number
  readonly label: string
  readonly diagnostics: readonly Diagnostic[]
  readonly onChange: (text: string) => void
}

const colours = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: 'var(--sp-accent)' },
  { tag: [tags.string, tags.content], color: 'var(--sp-text)' },
  { tag: tags.special(tags.string), color: 'var(--sp-ok)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--sp-warn)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--sp-dim)', fontStyle: 'italic' },
])

const look = EditorView.theme({
  '&': { fontSize: '13px', backgroundColor: 'var(--sp-surface)', color: 'var(--sp-text)', maxHeight: '65vh' },
  '.cm-content': { fontFamily: 'var(--sp-mono)', caretColor: 'var(--sp-text)' },
  '.cm-gutters': { backgroundColor: 'var(--sp-sunken)', color: 'var(--sp-dim)', borderColor: 'var(--sp-line)' },
  '.cm-cursor': { borderLeftColor: 'var(--sp-text)' },
  '.cm-scroller': { fontFamily: 'var(--sp-mono)', overflow: 'auto' },
  '.cm-tooltip': {
    backgroundColor: 'var(--sp-surface)',
    color: 'var(--sp-text)',
    border: '1px solid var(--sp-line-strong)',
  },
})

/** A rule file with its colours, line numbers, findings in the margin, and completion of what a rule may say. */
export function YamlEditor({ text, line, label, diagnostics, onChange }: YamlEditorProps) {
  const place = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(null)
  const changed = useRef(onChange)
  useEffect(() => {
    changed.current = onChange
  })
  useEffect(() => {
    if (place.current === null) return
    const editor = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(),
          lintGutter(),
          history(),
          highlightSpecialChars(),
          EditorView.lineWrapping,
          keymap.of([...defaultKeymap, ...historyKeymap]),
          yaml(),
          syntaxHighlighting(colours),
          autocompletion({ override: [complete], icons: false }),
          look,
          EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', tabindex: '0' }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed.current(update.state.doc.toString())
          }),
        ],
      }),
    })
    view.current = editor
    return () => {
      view.current = null
      editor.destroy()
    }
  }, [text, label])
  useEffect(() => {
    const editor = view.current
    if (editor === null || line < 2) return
    const at = editor.state.doc.line(Math.min(line, editor.state.doc.lines)).from
    editor.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'start', yMargin: 40 }) })
  }, [line])
  useEffect(() => {
    const editor = view.current
    if (editor === null) return
    editor.dispatch(
      setDiagnostics(
        editor.state,
        diagnostics.map((one) => mark(editor.state, one)),
      ),
    )
  }, [diagnostics])
  return <div ref={place} />
}

/** The text may have changed since the finding was made: places are kept inside of it. */
function mark({ doc }: EditorState, { line, column, length, severity, message, hint }: Diagnostic): Mark {
  const on = doc.line(Math.min(Math.max(1, line), doc.lines))
  const from = Math.min(on.from + column - 1, on.to)
  const to = Math.min(from + (length ?? 1), on.to)
  return { from, to, severity, message: hint === undefined ? message : `${message}\n${hint}` }
}

/** Members at the beginning of a line, fields and CEL's words elsewhere. */
function complete(context: CompletionContext): CompletionResult | null {
  const word = context.matchBefore(/[\w.]*/)
  if (word === null || (word.from === word.to && !context.explicit)) return null
  const before = context.state.doc
    .lineAt(context.pos)
    .text.slice(0, word.from - context.state.doc.lineAt(context.pos).from)
  if (/^\s*(- )?$/.test(before)) {
    return { from: word.from, options: ruleKeys.map((key) => ({ label: key, apply: `${key}: `, type: 'property' })) }
  }
  const fields = actionFields.map((field) => ({ label: field, type: 'variable' }))
  const words = celWords.map((label) => ({ label, type: 'keyword' }))
  return { from: word.from, options: [...fields, ...words], validFor: /^[\w.]*$/ }
}
