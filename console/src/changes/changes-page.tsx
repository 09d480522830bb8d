import { Link } from '@tanstack/react-router'
import { useChanges } from '../api/change-queries.ts'
import type { ChangeView } from '../api/change-types.ts'
import { effectWords } from '../format/impact.ts'
import { Failure, Loading } from '../parts/loading.tsx'
import { Notice } from '../parts/notice.tsx'
import page from '../parts/page.module.css'
import { Revealed } from '../parts/revealed.tsx'
import { Tag } from '../parts/tag.tsx'
import { Age, TimeLeft } from '../parts/time.tsx'
import { changeStateWords, effectsOf, isOpen, progress } from './change-words.ts'
import classes from './changes.module.css'

/** Deployments that wait to be approved as a whole, run, or are over. */
export function ChangesPage() {
  const { data, error, refetch } = useChanges()
  const open = data?.filter(isOpen) ?? []
  const over = data?.filter((change) => !isOpen(change)) ?? []
  return (
    <>
      <div className={page.head}>
        <h1>Changes</h1>
        <p className="dim">Deployments that somebody approves once: the door lets exactly their statements through.</p>
      </div>
      {data === undefined ? (
        error === null ? (
          <Loading what="changes" />
        ) : (
          <Failure title="Changes could not be loaded" error={error} retry={() => void refetch()} />
        )
      ) : (
        <div className={page.stack}>
          {open.length > 0 ? (
            <List label="Waiting or running" changes={open} />
          ) : (
            <Notice tone="quiet" title="No deployment waits">
              A job in CI opens a change with <code>sallyport change open migrations/*.sql</code>. It then waits here,
              with every statement, until somebody approves it. Issuers whose jobs may do so stand in the configuration
              under <code>changes:</code>.
            </Notice>
          )}
          {over.length > 0 && (
            <section>
              <h2 className="section-title">Over</h2>
              <List label="Over" changes={over} />
            </section>
          )}
        </div>
      )}
    </>
  )
}

function List({ label, changes }: { label: string; changes: readonly ChangeView[] }) {
  return (
    <ul className={`card ${classes.list}`} aria-label={label}>
      {changes.map((change) => (
        <Row key={change.change} change={change} />
      ))}
    </ul>
  )
}

function Row({ change }: { change: ChangeView }) {
  const { identity, door, database, state, openedAt, expiresAt } = change
  const { words, tone } = changeStateWords[state]
  const grave = effectsOf(change).filter((effect) => effectWords[effect].tone === 'danger')
  return (
    <li className={classes.row}>
      <div className={classes.rowMain}>
        <Link to="/changes/$id" params={{ id: change.change }} className={classes.title}>
          <Revealed text={change.title} />
        </Link>
        <p className={classes.about}>
          <span>
            {identity.repository}@{shortRef(identity.ref)}
          </span>
          <span>
            {door} / <Revealed text={database} />
          </span>
          <span>{progress(change)}</span>
        </p>
      </div>
      <div className={classes.rowEnd}>
        {grave.map((effect) => (
          <Tag key={effect} tone="danger">
            {effectWords[effect].words}
          </Tag>
        ))}
        <Tag tone={tone}>{words}</Tag>
        <span className="dim">
          {isOpen(change) ? <TimeLeft from={openedAt} until={expiresAt} /> : <Age at={openedAt} />}
        </span>
      </div>
    </li>
  )
}

/** `main` of `refs/heads/main`. */
export function shortRef(ref: string): string {
  return ref.replace(/^refs\/(heads|tags)\//, '')
}
