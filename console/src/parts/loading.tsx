import { Button, Loader } from '@mantine/core'
import { ApiError } from '../api/client.ts'
import { Notice } from './notice.tsx'

export function Loading({ what }: { what: string }) {
  return (
    <p className="dim" style={{ display: 'flex', alignItems: 'center', gap: 10, padding: 24 }} role="status">
      <Loader size="xs" /> Loading {what} …
    </p>
  )
}

/** Why something could not be loaded or done, in the server's words. */
export function Failure({ title, error, retry }: { title: string; error: Error; retry?: () => void }) {
  const hint = error instanceof ApiError ? error.hint : null
  return (
    <Notice tone="danger" title={title}>
      <p>{error.message}</p>
      {hint !== null && <p className="dim">{hint}</p>}
      {retry !== undefined && (
        <Button size="compact-sm" variant="default" mt={8} onClick={retry}>
          Try again
        </Button>
      )}
    </Notice>
  )
}
