import { Button } from '@mantine/core'
import { useState } from 'react'

interface TwoStepsProps {
  /** On the button at first. */
  readonly name: string
  /** What it is for, where several stand on a page. */
  readonly label?: string
  /** On the button that does it. */
  readonly confirm: string
  readonly keep?: string
  readonly isRunning: boolean
  readonly run: () => void
}

/** A button for what cannot be undone: it asks once more. */
export function TwoSteps({ name, label, confirm, keep = 'Keep it', isRunning, run }: TwoStepsProps) {
  const [asks, setAsks] = useState(false)
  if (!asks) {
    return (
      <Button size="compact-sm" variant="default" aria-label={label} onClick={() => setAsks(true)}>
        {name}
      </Button>
    )
  }
  return (
    <>
      <Button size="compact-sm" color="red" loading={isRunning} onClick={run} autoFocus>
        {confirm}
      </Button>{' '}
      <Button size="compact-sm" variant="subtle" onClick={() => setAsks(false)}>
        {keep}
      </Button>
    </>
  )
}
