import { type FormEvent, type ReactNode, useEffect } from 'react'
import { Mark } from '../shell/mark.tsx'
import classes from './sign-in.module.css'

/** The one card on a page of somebody who is not signed in. */
export function Card({ title, submit, children }: { title: string; submit: () => void; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Sallyport`
  }, [title])
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    submit()
  }
  return (
    <main className={classes.page}>
      <form className={`card ${classes.card}`} onSubmit={onSubmit} noValidate method="post">
        <div className={classes.brand}>
          <Mark size={32} />
          <h1>{title}</h1>
        </div>
        {children}
      </form>
    </main>
  )
}
