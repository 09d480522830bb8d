import { Button } from '@mantine/core'
import { IconArrowLeft, IconArrowRight } from '@tabler/icons-react'
import { Link, useNavigate } from '@tanstack/react-router'
import { type RefObject, useRef } from 'react'
import { ApiError } from '../api/client.ts'
import { useHold, usePendingHolds } from '../api/queries.ts'
import type { Action, HoldView } from '../api/types.ts'
import { consequence, gravest, resourceNames, stateWords } from '../format/impact.ts'
import { Failure, Loading } from '../parts/loading.tsx'
import { Notice } from '../parts/notice.tsx'
import { References } from '../parts/references.tsx'
import { Revealed } from '../parts/revealed.tsx'
import { EnvironmentTag, Tag } from '../parts/tag.tsx'
import { TimeLeft } from '../parts/time.tsx'
import { useKeys } from '../parts/use-keys.ts'
import { Background } from './background.tsx'
import { Decision, type DecisionFocus } from './decision.tsx'
import { Facts } from './facts.tsx'
import { HeldRowsTable } from './held-rows.tsx'
import { History } from './history.tsx'
import classes from './hold.module.css'
import { ImpactPicture } from './impact-picture.tsx'
import { ImpactTiles } from './impact-tiles.tsx'
import { Statement } from './statement.tsx'

/** One held action: its consequence first, then why it was held, what exactly would run, and who asks. */
export function HoldPage({ id }: { id: string }) {
  const { data: hold, error, refetch } = useHold(id)
  const pending = usePendingHolds().data ?? []
  const navigate = useNavigate()
  const decision = useRef<DecisionFocus>(null)
  const back = () => void navigate({ to: '/' })
  const at = pending.findIndex((other) => other.hold === id)
  const go = (to: HoldView | undefined) => {
    if (to !== undefined) void navigate({ to: '/holds/$id', params: { id: to.hold } })
  }
  const next = pending[at + 1] ?? pending.find((other) => other.hold !== id)
  useKeys({
    a: () => decision.current?.approve(),
    r: () => decision.current?.reject(),
    j: () => go(pending[at + 1]),
    k: () => go(at > 0 ? pending[at - 1] : undefined),
    Escape: back,
  })
  return (
    <article>
      <div className={classes.crumbs}>
        <Link to="/" className={classes.back}>
          <IconArrowLeft size={16} aria-hidden="true" /> Inbox
        </Link>
        {next !== undefined && (
          <Link to="/holds/$id" params={{ id: next.hold }} className={classes.back}>
            Next waiting <IconArrowRight size={16} aria-hidden="true" />
          </Link>
        )}
      </div>
      {hold !== undefined ? (
        <HoldBody hold={hold} decision={decision} />
      ) : error === null ? (
        <Loading what="the held action" />
      ) : error instanceof ApiError && error.status === 404 ? (
        <Notice tone="quiet" title="There is no such hold">
          The link may be cut off, or it belongs to another server.
        </Notice>
      ) : (
        <Failure title="The held action could not be loaded" error={error} retry={() => void refetch()} />
      )}
    </article>
  )
}

function HoldBody({ hold, decision }: { hold: HoldView; decision: RefObject<DecisionFocus | null> }) {
  const [first] = hold.actions
  const side = useRef<HTMLDivElement>(null)
  if (first === undefined) return <Notice tone="danger" title="This hold carries no action" />
  const many = hold.actions.length > 1
  const jump = () => side.current?.scrollIntoView()
  return (
    <>
      <Headline hold={hold} action={first} />
      <div className={classes.columns}>
        <div className={classes.story}>
          <section className={`card ${classes.section}`} aria-labelledby="why">
            <h2 id="why" className="section-title">
              Why it is held
            </h2>
            <p className={classes.about}>{hold.rule.about}</p>
            {hold.rule.message !== hold.rule.about && (
              <p>
                <Revealed text={hold.rule.message} />
              </p>
            )}
            <p className="dim">
              Rule <code>{hold.rule.id}</code>, rule set <code>{hold.ruleSet}</code>
            </p>
            <References of={hold.rule.references ?? []} />
          </section>
          {many && (
            <Notice tone="warn" title={`${hold.actions.length} statements wait together`}>
              The client sent them in one request, and they are let through or refused together. Look at each of them.
            </Notice>
          )}
          {hold.actions.map((action, index) => (
            <section key={action.id} className={`card ${classes.section}`} aria-label={`Statement ${index + 1}`}>
              {many && <ActionHeading action={action} index={index} of={hold.actions.length} />}
              <ImpactTiles action={action} />
              <ImpactPicture action={action} />
              <Statement action={action} />
            </section>
          ))}
          {hold.samples.length > 0 && (
            <section className={`card ${classes.section}`} aria-label="Rows">
              {hold.samples.map((sample) => (
                <HeldRowsTable key={sample.table} sample={sample} />
              ))}
            </section>
          )}
          {hold.state === 'pending' && (
            <Button className={classes.jump ?? ''} variant="default" onClick={jump}>
              Go to the decision
            </Button>
          )}
        </div>
        <div className={classes.side} ref={side}>
          <Decision hold={hold} ref={decision} />
          <History hold={hold} />
        </div>
        <div className={classes.story}>
          <Background hold={hold} />
          <Facts hold={hold} action={first} />
        </div>
      </div>
    </>
  )
}

function Headline({ hold, action }: { hold: HoldView; action: Action }) {
  const state = stateWords[hold.state]
  const resources = resourceNames(action)
  return (
    <header className={classes.headline}>
      <p className={classes.labels}>
        <Tag tone={state.tone}>{state.words}</Tag>
        {hold.state === 'pending' && (
          <span className="dim">
            <TimeLeft from={hold.openedAt} until={hold.expiresAt} /> left
          </span>
        )}
        <span className="dim">{waitingWords(hold)}</span>
      </p>
      <h1>
        <strong>{hold.requester.name}</strong> {hold.state === 'pending' ? 'wants' : 'wanted'} to run{' '}
        <span className={classes.operation} data-tone={gravest(action)}>
          {action.operation}
        </span>
        {resources !== '' && (
          <>
            {' '}
            on <span className={classes.resource}>{resources}</span>
          </>
        )}
        {hold.actions.length > 1 &&
          ` and ${hold.actions.length - 1} more ${hold.actions.length === 2 ? 'statement' : 'statements'}`}{' '}
        through <strong className={classes.door}>{hold.door}</strong>{' '}
        <EnvironmentTag environment={hold.target.environment} />
      </h1>
      <p className={classes.consequence}>{consequence(action)}</p>
    </header>
  )
}

/** What an approval does depends on whether somebody still waits for it. */
function waitingWords(hold: HoldView): string {
  if (hold.state === 'pending' || hold.state === 'approved') {
    return hold.waiting ? 'The client waits on its connection' : 'The client is not waiting; it has to try again'
  }
  return ''
}

function ActionHeading({ action, index, of }: { action: Action; index: number; of: number }) {
  const resources = resourceNames(action)
  return (
    <div>
      <h2 className={classes.actionTitle}>
        {index + 1} of {of}: {action.operation}{' '}
        {resources !== '' && <span className={classes.resource}>{resources}</span>}
        {index === 0 && <span className="dim">, the one the rule held</span>}
      </h2>
      {index > 0 && <p className="dim">{consequence(action)}</p>}
    </div>
  )
}
