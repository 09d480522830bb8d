import type { HeldRows } from '../api/types.ts'
import { Revealed } from '../parts/revealed.tsx'
import classes from './hold.module.css'

/** Some of the rows that the statement picks, by their keys. */
export function HeldRowsTable({ sample }: { sample: HeldRows }) {
  const { table, columns, rows } = sample
  return (
    <figure>
      <figcaption className="section-title">
        {rows.length === 1 ? 'One of the rows' : `${rows.length} of the rows`} in{' '}
        <span className="mono">
          <Revealed text={table} />
        </span>
      </figcaption>
      <div className={classes.sample}>
        <table>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  <Revealed text={column} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={JSON.stringify(row)}>
                {row.map((value, i) => (
                  <td key={columns[i]} className="mono">
                    {value === null ? <span className="dim">NULL</span> : <Revealed text={value} />}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  )
}
