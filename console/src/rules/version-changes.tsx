import { type ReactNode, useMemo } from 'react'
import { useRuleTexts } from '../api/rule-queries.ts'
import { type DiffLine, lineDiff } from '../format/line-diff.ts'
import { Failure, Loading } from '../parts/loading.tsx'
import { hiddenWarning, Revealed } from '../parts/revealed.tsx'
import { Tag } from '../parts/tag.tsx'
import own from './rules.module.css'

type Texts = readonly { readonly file: string; readonly text: string }[]

interface VersionChangesProps {
  readonly from: string
  readonly to: string
}

/** What changes in the rule files from one version to another, line by line. */
export function VersionChanges({ from, to }: VersionChangesProps) {
  const [before, after] = [useRuleTexts(from), useRuleTexts(to)]
  const error = before.error ?? after.error
  if (error !== null) return <Failure title="What changes could not be loaded" error={error} />
  if (before.data === undefined || after.data === undefined) return <Loading what="what changes" />
  return <Changes before={before.data} after={after.data} />
}

function Changes({ before, after }: { before: Texts; after: Texts }) {
  const changed = useMemo(() => changedFiles(before, after), [before, after])
  return (
    <ul className={own.changes} aria-label="Files that change">
      {changed.map(({ file, what, lines, warning }) => (
        <li key={file}>
          <p className={own.fileHead}>
            <code>
              <Revealed text={file} />
            </code>
            <Tag>{what}</Tag>
          </p>
          {warning !== null && <p className={own.warning}>{warning}</p>}
          <div className={own.diff}>
            {lines.map((line, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines of two fixed texts have no other identity
              <ChangedLine key={index} line={line} />
            ))}
          </div>
        </li>
      ))}
    </ul>
  )
}

const signs = { same: ' ', added: '+', removed: '−' } as const

function ChangedLine({ line }: { line: DiffLine }): ReactNode {
  if (line.kind === 'gap') {
    return <div className={own.gap}>{`${line.lines} ${line.lines === 1 ? 'line' : 'lines'} as before`}</div>
  }
  const text = (
    <>
      {signs[line.kind]} <Revealed text={line.text} />
    </>
  )
  if (line.kind === 'added') return <ins>{text}</ins>
  return line.kind === 'removed' ? <del>{text}</del> : <div>{text}</div>
}

function changedFiles(before: Texts, after: Texts) {
  const names = [...new Set([...before, ...after].map(({ file }) => file))].sort()
  return names.flatMap((file) => {
    const [old, next] = [textOf(before, file), textOf(after, file)]
    if (old === next) return []
    const what = old === undefined ? 'new' : next === undefined ? 'gone' : 'changed'
    return [{ file, what, lines: lineDiff(old ?? '', next ?? ''), warning: hiddenWarning(next ?? '') }]
  })
}

function textOf(texts: Texts, file: string): string | undefined {
  return texts.find((one) => one.file === file)?.text
}
