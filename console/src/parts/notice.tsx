import type { ReactNode } from 'react'
import type { Tone } from '../format/impact.ts'
import classes from './parts.module.css'

/** A message in the page's flow. */
export function Notice({ tone, title, children }: { tone: Tone; title: string; children?: ReactNode }) {
  return (
    <div className={classes.notice} data-tone={tone} role={tone === 'danger' ? 'alert' : undefined}>
      <p className={classes.noticeTitle}>{title}</p>
      {children !== undefined && <div>{children}</div>}
    </div>
  )
}
