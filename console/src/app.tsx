import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { ApiError } from './api/client.ts'
import { useSession } from './api/session.ts'
import { router } from './router.tsx'
import { LiveProvider } from './shell/live.tsx'
import { SignIn } from './shell/sign-in.tsx'
import { cssVariables, theme } from './theme.ts'

export function App() {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <Door />
    </MantineProvider>
  )
}

/** The sign-in form, or the console for whoever holds the token. The address is kept, so deep links survive. */
function Door() {
  const { token, notice } = useSession()
  if (token === null) return <SignIn notice={notice} />
  return <SignedIn key={token} />
}

function SignedIn() {
  // One cache per sign-in: nothing that one person was allowed to see outlives their session.
  const [client] = useState(
    () =>
      new QueryClient({
        defaultOptions: {
          queries: {
            staleTime: 5_000,
            retry: (count, error) =>
              count < 3 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
          },
        },
      }),
  )
  useEffect(() => () => client.clear(), [client])
  return (
    <QueryClientProvider client={client}>
      <LiveProvider>
        <RouterProvider router={router} />
      </LiveProvider>
    </QueryClientProvider>
  )
}
