import { useDoors } from '../api/queries.ts'
import { outcomeTone } from '../format/impact.ts'
import { Failure, Loading } from '../parts/loading.tsx'
import classes from '../parts/page.module.css'
import { EnvironmentTag, Tag } from '../parts/tag.tsx'

/** The doors that are open, and how busy they are. */
export function DoorsPage() {
  const { data, error, refetch } = useDoors()
  return (
    <>
      <div className={classes.head}>
        <h1>Doors</h1>
        <p className="dim">Where clients connect. What cannot be understood gets the door’s own verdict.</p>
      </div>
      {data === undefined ? (
        error === null ? (
          <Loading what="doors" />
        ) : (
          <Failure title="The doors could not be loaded" error={error} retry={() => void refetch()} />
        )
      ) : (
        <div className={`card ${classes.scroll}`}>
          <table className={classes.table}>
            <thead>
              <tr>
                <th scope="col">Door</th>
                <th scope="col">Environment</th>
                <th scope="col">Listens on</th>
                <th scope="col">Not understood</th>
                <th scope="col">Sessions</th>
                <th scope="col">Waiting</th>
              </tr>
            </thead>
            <tbody>
              {data.map((door) => (
                <tr key={door.name}>
                  <td>
                    <strong>{door.name}</strong> <span className="dim">{door.protocol}</span>
                  </td>
                  <td>
                    <EnvironmentTag environment={door.environment} />
                  </td>
                  <td>
                    <code>{door.listen}</code>
                  </td>
                  <td>
                    <Tag tone={outcomeTone[door.unknown]}>{door.unknown}</Tag>
                  </td>
                  <td className="nums">{door.sessions}</td>
                  <td className="nums">{door.waiting}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  )
}
