import type { ReactNode } from 'react'
import { isProduction, type Tone } from '../format/impact.ts'
import classes from './parts.module.css'

/** A small label. Its colour only repeats what its words say. */
export function Tag({ tone = 'quiet', title, children }: { tone?: Tone; title?: string; children: ReactNode }) {
  return (
    <span className={classes.tag} data-tone={tone} title={title}>
      {children}
    </span>
  )
}

export function EnvironmentTag({ environment }: { environment: string }) {
  if (environment === '') return <Tag>no environment</Tag>
  return <Tag tone={isProduction(environment) ? 'danger' : 'quiet'}>{environment}</Tag>
}
