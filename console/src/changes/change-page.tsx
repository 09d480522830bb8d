import { IconArrowLeft } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { useChange, useChangeVote, useCloseChange } from '../api/change-queries.ts'
import type { ChangeStatement, ChangeView } from '../api/change-types.ts'
import { ApiError } from '../api/client.ts'
import { useMay } from '../api/queries.ts'
import { effectWords, number } from '../format/impact.ts'
import { Ballot } from '../parts/ballot.tsx'
import { Copy } from '../parts/copy.tsx'
import { Failure, Loading } from '../parts/loading.tsx'
import { Notice } from '../parts/notice.tsx'
import page from '../parts/page.module.css'
import { hiddenWarning, Revealed } from '../parts/revealed.tsx'
import { Sql } from '../parts/sql.tsx'
import { Tag } from '../parts/tag.tsx'
import { Age, At, TimeLeft } from '../parts/time.tsx'
import { TwoSteps } from '../parts/two-steps.tsx'
import { Story } from '../timeline/story.tsx'
import { changeStateWords, effectsOf, isOpen, progress } from './change-words.ts'
import classes from './changes.module.css'
import { shortRef } from './changes-page.tsx'

/** One change: what it does, every statement whole, whose run it is, and the decision. */
export function ChangePage({ id }: { id: string }) {
  const { data, error, refetch } = useChange(id)
  return (
    <article>
      <p className={classes.crumbs}>
        <Link to="/changes" className={classes.back}>
          <IconArrowLeft size={16} aria-hidden="true" /> Changes
        </Link>
      </p>
      {data !== undefined ? (
        <Body change={data} />
      ) : error === null ? (
        <Loading what="the change" />
      ) : error instanceof ApiError && error.status === 404 ? (
        <Notice tone="quiet" title="There is no such change">
          The link may be cut off, or it has long been over: the record still tells of it.
        </Notice>
      ) : (
        <Failure title="The change could not be loaded" error={error} retry={() => void refetch()} />
      )}
    </article>
  )
}

function Body({ change }: { change: ChangeView }) {
  const { words, tone } = changeStateWords[change.state]
  const warning = hiddenWarning(change.statements.map(({ sql }) => sql).join('\n'))
  return (
    <>
      <div className={page.head}>
        <h1>
          <Revealed text={change.title} />
        </h1>
        <p className={classes.about}>
          <Tag tone={tone}>{words}</Tag>
          <span>{progress(change)}</span>
          {isOpen(change) && (
            <span>
              <TimeLeft from={change.openedAt} until={change.expiresAt} /> left
            </span>
          )}
          {change.state === 'pending' && <a href="#decide">To the decision</a>}
        </p>
      </div>
      <div className={page.stack}>
        <ul className={classes.effects} aria-label="What it does">
          {effectsOf(change).map((effect) => (
            <li key={effect}>
              <Tag tone={effectWords[effect].tone}>{effectWords[effect].words}</Tag>
            </li>
          ))}
        </ul>
        {warning !== null && (
          <Notice tone="danger" title="Not everything in these statements is what it seems">
            {warning} They are marked below.
          </Notice>
        )}
        <section aria-labelledby="statements">
          <h2 id="statements" className="section-title">
            Statements, complete and in their order
          </h2>
          <ol className={classes.statements}>
            {change.statements.map((statement, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a statement of a change is its place
              <Statement key={index} statement={statement} place={index + 1} />
            ))}
          </ol>
        </section>
        <Facts change={change} />
        <Decision change={change} />
      </div>
    </>
  )
}

function Statement({ statement, place }: { statement: ChangeStatement; place: number }) {
  const { sql, effects, operation, rows, action } = statement
  const isData = effects.includes('delete') || effects.includes('write')
  return (
    <li className={`card ${classes.statement}`}>
      <p className={classes.about}>
        <span className="dim nums">{place}</span>
        <strong>{operation}</strong>
        {isData && <span>{rows === undefined ? 'no rows declared' : `at most ${number(rows)} rows`}</span>}
        <span className={classes.ran}>{action === null ? 'has not run' : 'ran'}</span>
        <Copy value={sql} what={`statement ${place}`} />
      </p>
      <pre dir="ltr">
        <Sql text={sql} effects={effects} />
      </pre>
      {action !== null && <Ran action={action} />}
    </li>
  )
}

/** What is on the record of the action that a statement ran as. */
function Ran({ action }: { action: string }) {
  const [open, setOpen] = useState(false)
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>What came of it</summary>
      {open && <Story id={action} />}
    </details>
  )
}

function Decision({ change }: { change: ChangeView }) {
  const vote = useChangeVote(change.change)
  const { approvals, review, over, state } = change
  const from = review.from.length === 0 ? 'any reviewer' : review.from.join(' or ')
  return (
    <section className={`card ${classes.decision}`} aria-labelledby="decide">
      <h2 id="decide" tabIndex={-1}>
        {isOpen(change) ? 'Decide' : 'Outcome'}
      </h2>
      <div role="status" aria-live="polite">
        <p>
          {approvals.length} of {review.approvals} {review.approvals === 1 ? 'approval' : 'approvals'}, from {from}
        </p>
        <ul className={classes.votes}>
          {approvals.map(({ by, at, reason }) => (
            <li key={by}>
              <strong>
                <Revealed text={by} />
              </strong>{' '}
              approved <Age at={at} /> ago
              {reason !== '' && (
                <>
                  : <Revealed text={reason} />
                </>
              )}
            </li>
          ))}
        </ul>
        {over !== null && (
          <Notice
            tone={state === 'rejected' ? 'danger' : 'quiet'}
            title={`${changeStateWords[state].words} by ${over.by}`}
          >
            <Revealed text={over.reason} />
          </Notice>
        )}
        {state === 'done' && <p>Every statement has run. None of them passes again.</p>}
        {state === 'expired' && <p>Its time is over. What had not run does not pass any more.</p>}
      </div>
      {(state === 'pending' || change.mayApprove.allowed) && (
        <>
          <Ballot
            yes="approve"
            mayAgree={change.mayApprove}
            mayReject={change.mayReject}
            rejectNeedsReason
            cast={vote.mutateAsync}
            error={vote.error}
          />
          <p className="dim">
            An approval lets exactly these statements through: once, in this order, in the session of this run. Anything
            else it sends is judged as everybody’s.
          </p>
        </>
      )}
      {state === 'approved' && <Close id={change.change} />}
    </section>
  )
}

/** Stops what was approved. */
function Close({ id }: { id: string }) {
  const close = useCloseChange(id)
  if (!useMay('vote')) return null
  return (
    <div className={classes.close}>
      {close.error !== null && <Failure title="The change was not closed" error={close.error} />}
      <TwoSteps
        name="Close the change"
        confirm="Close it now: nothing more of it passes"
        isRunning={close.isPending}
        run={() => close.mutate('closed in the console')}
      />
    </div>
  )
}

function Facts({ change }: { change: ChangeView }) {
  const { identity } = change
  return (
    <section className={`card ${classes.decision}`} aria-labelledby="whose">
      <h2 id="whose" className="section-title">
        Whose run, and where
      </h2>
      <dl className={classes.facts}>
        <Fact name="Repository">
          {identity.repository} <span className="dim">{shortRef(identity.ref)}</span>
        </Fact>
        <Fact name="Commit">
          <code>{identity.sha.slice(0, 12)}</code> <Copy value={identity.sha} what="the commit" />
        </Fact>
        <Fact name="Run">
          <code>
            <Revealed text={identity.run} />
          </code>
        </Fact>
        {identity.actor !== undefined && (
          <Fact name="Set off by">
            <Revealed text={identity.actor} />
          </Fact>
        )}
        <Fact name="Vouched for by">
          {identity.name} <span className="dim">{identity.issuer}</span>
        </Fact>
        <Fact name="Door">{change.door}</Fact>
        <Fact name="Database">
          <Revealed text={change.database} />
        </Fact>
        <Fact name="Opened">
          <At at={change.openedAt} />
        </Fact>
        <Fact name="Ends">
          <At at={change.expiresAt} />
        </Fact>
        <Fact name="Digest">
          <code title={change.digest}>{change.digest.slice(0, 16)}…</code>{' '}
          <Copy value={change.digest} what="the digest" />
        </Fact>
        <Fact name="Change">
          <code>{change.change}</code> <Copy value={change.change} what="the id of the change" />
        </Fact>
      </dl>
    </section>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
