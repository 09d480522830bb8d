import { Button } from '@mantine/core'
import { useMay } from '../api/queries.ts'
import { useChannels, useTestChannel } from '../api/settings-queries.ts'
import type { NotifyChannel } from '../api/settings-types.ts'
import { number } from '../format/impact.ts'
import { Failure, Loading } from '../parts/loading.tsx'
import page from '../parts/page.module.css'
import { Revealed } from '../parts/revealed.tsx'
import { Tag } from '../parts/tag.tsx'
import { Age } from '../parts/time.tsx'
import classes from './settings.module.css'

/** Where people are told of what waits for them, and whether that arrives. */
export function Channels() {
  const { data, error, refetch } = useChannels()
  return (
    <section className={`card ${classes.channels}`} aria-labelledby="channels">
      <h2 id="channels">Who is told, and where</h2>
      {data === undefined ? (
        error === null ? (
          <Loading what="channels" />
        ) : (
          <Failure title="Channels could not be loaded" error={error} retry={() => void refetch()} />
        )
      ) : data.length === 0 ? (
        <p className="dim">
          No channel is set up, so nobody hears of a hold who does not look here. Name one under <code>notify</code> in
          the configuration: Slack, Teams, a webhook or e-mail.
        </p>
      ) : (
        <Table channels={data} />
      )}
    </section>
  )
}

function Table({ channels }: { channels: readonly NotifyChannel[] }) {
  const mayTest = useMay('notify.test')
  return (
    <div className={page.scroll}>
      <table className={page.table}>
        <thead>
          <tr>
            <th scope="col">Channel</th>
            <th scope="col">Tells of</th>
            <th scope="col">State</th>
            <th scope="col">Sent, lost, waiting</th>
            {mayTest && (
              <th scope="col">
                <span className="visually-hidden">Try it</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {channels.map((channel) => (
            <tr key={channel.name}>
              <td className="nowrap">
                <Tag>{channel.kind}</Tag> <strong>{channel.name}</strong>
              </td>
              <td className={classes.events}>
                {channel.events.join(', ')}
                <span className="dim"> at {channel.doors.join(', ') || 'every door'}</span>
              </td>
              <td className={classes.events}>
                <State channel={channel} />
              </td>
              <td className="nums nowrap">
                {number(channel.sent)}, {number(channel.lost)}, {number(channel.queued)}
              </td>
              {mayTest && (
                <td className={classes.test}>
                  <Test channel={channel.name} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function State({ channel: { state, lastSentAt, lastError } }: { channel: NotifyChannel }) {
  if (state === 'idle') return <Tag>nothing sent yet</Tag>
  if (state === 'failing')
    return (
      <>
        <Tag tone="danger">failing</Tag> {lastError !== null && <Revealed text={lastError.message} />}
      </>
    )
  return (
    <>
      <Tag tone="ok">working</Tag>{' '}
      {lastSentAt !== null && (
        <span className="dim">
          last <Age at={lastSentAt} /> ago
        </span>
      )}
    </>
  )
}

function Test({ channel }: { channel: string }) {
  const test = useTestChannel()
  return (
    <span className={classes.inline}>
      <span role="status">
        {test.error !== null && <Revealed text={test.error.message} />}
        {test.data !== undefined &&
          (test.data.delivered ? 'It arrived.' : <Revealed text={test.data.problem ?? 'It did not arrive.'} />)}
      </span>
      <Button
        size="compact-xs"
        variant="default"
        loading={test.isPending}
        aria-label={`Send a test to ${channel}`}
        onClick={() => test.mutate(channel)}
      >
        Send a test
      </Button>
    </span>
  )
}
