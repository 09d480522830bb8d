import { Button, NativeSelect } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { useRuleCheck, useRuleFiles } from '../api/rule-queries.ts'
import type { RuleCheck } from '../api/rule-types.ts'
import { number } from '../format/impact.ts'
import { Copy } from '../parts/copy.tsx'
import { Failure, Loading } from '../parts/loading.tsx'
import { Notice } from '../parts/notice.tsx'
import classes from './rules.module.css'
import { YamlEditor } from './yaml-editor.tsx'

/** Milliseconds without a keystroke before the server is asked. */
const restFor = 400
const none: RuleCheck['diagnostics'] = []

interface RuleFilesProps {
  /** Where to begin: a rule that was pointed at. */
  readonly at: { readonly file: string; readonly line: number } | null
}

/**
 * The rule files, to read and to try a change on. Nothing is put in force from here: files are, so that rules have
 * the history and review of code.
 */
export function RuleFiles({ at }: RuleFilesProps) {
  const { data, error, refetch } = useRuleFiles()
  const [name, setName] = useState(at?.file)
  if (data === undefined) {
    return error === null ? (
      <Loading what="rule files" />
    ) : (
      <Failure title="The rule files could not be loaded" error={error} retry={() => void refetch()} />
    )
  }
  const file = data.files.find((candidate) => candidate.file === name) ?? data.files[0]
  if (file === undefined) return <Notice tone="warn" title="There are no rule files" />
  return (
    <section className={classes.files} aria-label="Rule files">
      {data.files.length > 1 && (
        <NativeSelect
          aria-label="File"
          value={file.file}
          onChange={(event) => setName(event.currentTarget.value)}
          data={data.files.map((each) => each.file)}
        />
      )}
      <Draft key={`${file.file} ${file.digest}`} file={file.file} text={file.text} line={at?.line ?? 1} />
    </section>
  )
}

function Draft({ file, text, line }: { file: string; text: string; line: number }) {
  const [draft, setDraft] = useState(text)
  // Counts the times that the editor is to begin anew with what is in force.
  const [round, setRound] = useState(0)
  const [rested] = useDebouncedValue(draft, restFor)
  const isChanged = draft !== text
  const check = useRuleCheck(file, rested, rested !== text)
  const found = isChanged ? check.data : undefined
  return (
    <>
      <div className={classes.fileHead}>
        <code>{file}</code>
        {isChanged && (
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => {
              setDraft(text)
              setRound(round + 1)
            }}
          >
            Back to what is in force
          </Button>
        )}
        <Copy value={draft} what={isChanged ? 'the changed file' : 'the file'} />
      </div>
      <div role="status" aria-live="polite">
        {!isChanged ? (
          <p className="dim">In force. Change something to see what the server would say to it.</p>
        ) : check.error !== null ? (
          <Failure title="The change could not be checked" error={check.error} />
        ) : found === undefined || rested !== draft || check.isPlaceholderData ? (
          <p className="dim">Checking …</p>
        ) : (
          <Found check={found} />
        )}
      </div>
      <div className={`card ${classes.editor}`}>
        <YamlEditor
          key={round}
          text={text}
          line={line}
          label={`Rule file ${file}`}
          diagnostics={found?.diagnostics.filter((one) => one.file === file) ?? none}
          onChange={setDraft}
        />
      </div>
    </>
  )
}

function Found({ check }: { check: RuleCheck }) {
  const failed = check.tests.filter((test) => !test.passed).length
  if (check.ok) {
    return (
      <Notice tone="ok" title={`It would load: ${number(check.rules)} rules, ${number(check.tests.length)} tests pass`}>
        It is not in force. Save the file where the server reads it: the next action is judged by it.
      </Notice>
    )
  }
  const count = check.diagnostics.length
  const title =
    failed > 0
      ? `It would not load: ${failed} of ${check.tests.length} tests fail`
      : `It would not load: ${count} ${count === 1 ? 'error' : 'errors'}`
  return (
    <Notice tone="danger" title={title}>
      <ul className={classes.findings}>
        {check.diagnostics.slice(0, 20).map((one) => (
          <li key={`${one.file}:${one.line}:${one.column} ${one.message}`}>
            <code>
              {one.file}:{one.line}:{one.column}
            </code>{' '}
            {one.message}
            {one.hint !== undefined && <span className="dim"> {one.hint}</span>}
          </li>
        ))}
      </ul>
    </Notice>
  )
}
