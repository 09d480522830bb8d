import { useState } from 'react'

/** Sends a form, once at a time, and keeps what went wrong. */
export function useSending(send: () => Promise<void>) {
  const [state, setState] = useState<{ busy: boolean; error: Error | null }>({ busy: false, error: null })
  const start = () => {
    if (state.busy) return
    setState({ busy: true, error: null })
    send().then(
      () => setState({ busy: false, error: null }),
      (error: unknown) => setState({ busy: false, error: error instanceof Error ? error : new Error(String(error)) }),
    )
  }
  return { ...state, start }
}
