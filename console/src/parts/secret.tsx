import { Copy } from './copy.tsx'
import { Notice } from './notice.tsx'
import classes from './parts.module.css'

/** A secret that is shown this once. */
export function Secret({
  title,
  value,
  what,
  children,
}: {
  title: string
  value: string
  what: string
  children: string
}) {
  return (
    <div role="status">
      <Notice tone="ok" title={title}>
        <p className={classes.secret}>
          <code>{value}</code> <Copy value={value} what={what} />
        </p>
        <p>{children}</p>
      </Notice>
    </div>
  )
}
