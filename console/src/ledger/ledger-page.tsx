import { Button } from '@mantine/core'
import { IconShieldCheck } from '@tabler/icons-react'
import { useLatestEntries, useLedgerHead, useMe, useVerify } from '../api/queries.ts'
import type { LedgerEntry, Verification } from '../api/types.ts'
import { number } from '../format/impact.ts'
import { Copy } from '../parts/copy.tsx'
import { Failure, Loading } from '../parts/loading.tsx'
import { Notice } from '../parts/notice.tsx'
import page from '../parts/page.module.css'
import { Revealed } from '../parts/revealed.tsx'
import { Tag } from '../parts/tag.tsx'
import { At } from '../parts/time.tsx'
import { LogKey } from '../proof/log-key.tsx'
import classes from './ledger.module.css'

/** The record itself: how long it is, where it ends, and whether it is whole. */
export function LedgerPage() {
  const { data, error, refetch } = useLedgerHead()
  // The event stream tells sooner of a ledger that failed.
  const state = useMe().data?.server.ledger.state ?? data?.state
  return (
    <>
      <div className={page.head}>
        <h1>Ledger</h1>
        <p className="dim">
          The append-only record of everything that came through: each entry's hash covers all entries before it.
        </p>
      </div>
      {data === undefined ? (
        error === null ? (
          <Loading what="the ledger" />
        ) : (
          <Failure title="The ledger could not be asked" error={error} retry={() => void refetch()} />
        )
      ) : (
        <div className={page.stack}>
          <section className={`card ${classes.section}`} aria-labelledby="ledger-head">
            <h2 id="ledger-head" className="section-title">
              Where it ends
            </h2>
            <dl className={classes.facts}>
              <div>
                <dt>State</dt>
                <dd>
                  <Tag tone={state === 'open' ? 'ok' : 'danger'}>{state}</Tag>
                </dd>
              </div>
              <div>
                <dt>Entries</dt>
                <dd className={`nums ${classes.big}`}>{number(data.size)}</dd>
              </div>
              <div className={classes.wide}>
                <dt>Hash over all of them</dt>
                <dd>
                  <code>{data.hash}</code> <Copy value={data.hash} what="the hash" />
                </dd>
              </div>
            </dl>
            <p className="dim">
              Keep a copy of size and hash elsewhere: whoever changes, drops or reorders an entry later cannot make them
              come out the same.
            </p>
          </section>
          <section className={`card ${classes.section}`} aria-labelledby="ledger-key">
            <h2 id="ledger-key" className="section-title">
              The key that signs it
            </h2>
            <LogKey />
          </section>
          <Verify />
          <Latest size={data.size} />
        </div>
      )}
    </>
  )
}

function Verify() {
  const verify = useVerify()
  return (
    <section className={`card ${classes.section}`} aria-labelledby="ledger-verify">
      <h2 id="ledger-verify" className="section-title">
        Whether it is whole
      </h2>
      <p>
        Reads every entry from the disk and checks each checksum and the chain. The same on the command line, without
        trusting this server: <code>sallyport ledger verify</code>
      </p>
      <div>
        <Button
          leftSection={<IconShieldCheck size={16} aria-hidden="true" />}
          loading={verify.isPending}
          onClick={() => verify.mutate()}
        >
          Verify now
        </Button>
      </div>
      <div role="status" aria-live="polite">
        {verify.error !== null && <Failure title="The ledger could not be verified" error={verify.error} />}
        {verify.data !== undefined && <Found found={verify.data} />}
      </div>
    </section>
  )
}

function Found({ found }: { found: Verification }) {
  const took = `${number(found.entries)} entries in ${number(found.segments)} ${found.segments === 1 ? 'segment' : 'segments'} read in ${number(found.milliseconds)} ms.`
  return (
    <Notice tone={found.ok ? 'ok' : 'danger'} title={found.ok ? 'Intact' : 'Not intact'}>
      <p>{took}</p>
      {found.checkpoint !== null && (
        <p>
          Newest signed checkpoint: <code>{found.checkpoint.origin}</code>, {number(found.checkpoint.size)} entries,
          root <code>{found.checkpoint.root}</code>
        </p>
      )}
      {found.problems.length > 0 && (
        <ul className={classes.problems}>
          {found.problems.map((problem) => (
            <li key={`${problem.file} ${problem.offset} ${problem.kind}`}>
              <strong>{problem.kind}</strong>{' '}
              <code>
                {problem.file}, byte {number(problem.offset)}, entry {number(problem.index)}
              </code>
              : {problem.message}
            </li>
          ))}
        </ul>
      )}
    </Notice>
  )
}

function Latest({ size }: { size: number }) {
  const { data } = useLatestEntries(size)
  if (data === undefined) return <Loading what="entries" />
  return (
    <section className={`card ${classes.section}`} aria-labelledby="ledger-latest">
      <h2 id="ledger-latest" className="section-title">
        Latest entries
      </h2>
      <ol className={classes.entries}>
        {data.map((entry) => (
          <Entry key={entry.index} entry={entry} />
        ))}
      </ol>
    </section>
  )
}

function Entry({ entry }: { entry: LedgerEntry }) {
  return (
    <li>
      <details>
        <summary className={classes.entry}>
          <span className="nums dim">#{number(entry.index)}</span>
          <span>{entry.kind}</span>
          <span className="dim">
            <At at={entry.at} />
          </span>
          <code className="dim" title={entry.hash}>
            {entry.hash.slice(0, 12)}
          </code>
        </summary>
        <pre className={classes.body} dir="ltr">
          <Revealed text={JSON.stringify(entry.body, null, 2)} />
        </pre>
      </details>
    </li>
  )
}
