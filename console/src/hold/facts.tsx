import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Action, HoldView } from '../api/types.ts'
import { Copy } from '../parts/copy.tsx'
import { Revealed } from '../parts/revealed.tsx'
import { Tag } from '../parts/tag.tsx'
import { At } from '../parts/time.tsx'
import classes from './hold.module.css'

/** Who asks, from where, at what, and what an approval is bound to. */
export function Facts({ hold, action }: { hold: HoldView; action: Action }) {
  const { actor, target } = action
  const owner = actor.owner ?? hold.requester.owner
  return (
    <div className={classes.factColumns}>
      <section className={`card ${classes.section}`} aria-labelledby="who">
        <h2 id="who" className="section-title">
          Who asks
        </h2>
        <dl className={classes.facts}>
          <Fact name="Actor">
            <Revealed text={actor.name} />{' '}
            <Tag tone={actor.kind === 'agent' ? 'warn' : 'quiet'}>{kindWords[actor.kind]}</Tag>
          </Fact>
          <Fact name="Id">
            <code>
              <Revealed text={actor.id} />
            </code>
          </Fact>
          {owner !== undefined && (
            <Fact name="Answerable">
              {owner} <span className="dim">counts as who asked</span>
            </Fact>
          )}
          {actor.groups.length > 0 && <Fact name="Groups">{actor.groups.join(', ')}</Fact>}
          <Fact name="Address">
            <code>{actor.client.ip}</code>
          </Fact>
          <Fact name="Application">
            {actor.client.application === '' ? (
              <span className="dim">not said</span>
            ) : (
              <>
                <Revealed text={actor.client.application} /> <span className="dim">as the client claims</span>
              </>
            )}
          </Fact>
          <Fact name="Session">
            <code>{actor.client.session}</code>
          </Fact>
          {actor.client.certificate !== undefined && (
            <Fact name="Certificate">
              <Revealed text={actor.client.certificate} />
            </Fact>
          )}
        </dl>
      </section>
      <section className={`card ${classes.section}`} aria-labelledby="where">
        <h2 id="where" className="section-title">
          Where, and what an approval is bound to
        </h2>
        <dl className={classes.facts}>
          <Fact name="Door">
            {hold.door} <span className="dim">{action.protocol}</span>
          </Fact>
          <Fact name="Target">
            {target.system}, {target.environment}
          </Fact>
          {target.database !== undefined && (
            <Fact name="Database">
              <Revealed text={target.database} />
            </Fact>
          )}
          {target.account !== undefined && (
            <Fact name="Account there">
              <Revealed text={target.account} /> <span className="dim">of the door</span>
            </Fact>
          )}
          {target.declared !== undefined && (
            <Fact name="Declared as">
              <Revealed text={target.declared} /> <span className="dim">by the client</span>
            </Fact>
          )}
          {action.change !== undefined && (
            <Fact name="Change">
              <Link to="/changes/$id" params={{ id: action.change.id }}>
                {action.change.id}
              </Link>{' '}
              {action.change.verified ? (
                <Tag tone="ok">approved, this statement of it</Tag>
              ) : (
                <Tag tone="warn">not a statement of it that may run now</Tag>
              )}
            </Fact>
          )}
          <Fact name="Digest">
            <code title={hold.digest}>{hold.digest.slice(0, 16)}…</code>{' '}
            <Copy value={hold.digest} what="the full digest" />
          </Fact>
          <Fact name="Rule set">
            <code>{hold.ruleSet}</code>
          </Fact>
          <Fact name="Hold">
            <code>{hold.hold}</code> <Copy value={hold.hold} what="the hold’s id" />
          </Fact>
          <Fact name="Asked at">
            <At at={hold.openedAt} />
          </Fact>
        </dl>
      </section>
    </div>
  )
}

const kindWords = { human: 'person', service: 'service', agent: 'AI agent', unknown: 'kind unknown' } as const

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
