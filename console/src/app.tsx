import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { useCallback, useEffect, useState } from 'react'
import { ApiError } from './api/client.ts'
import { useSession } from './api/session.ts'
import { askForSession } from './api/sign-in.ts'
import { Failure, Loading } from './parts/loading.tsx'
import { router } from './router.tsx'
import { LiveProvider } from './shell/live.tsx'
import { SetPassword } from './sign-in/set-password.tsx'
import { SignIn } from './sign-in/sign-in.tsx'
import { cssVariables, theme } from './theme.ts'

export function App() {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <Door />
    </MantineProvider>
  )
}

/** The sign-in form, or the console for whoever is signed in. The address is kept, so deep links survive. */
function Door() {
  const { identity, notice, invitation } = useSession()
  if (invitation !== null) return <SetPassword key={invitation.secret} invitation={invitation} />
  if (identity === 'asking') return <Asking />
  if (identity === null) return <SignIn notice={notice} />
  return <SignedIn key={identity.by === 'token' ? identity.token : 'cookie'} />
}

/** While the server is asked whether there is a session. */
function Asking() {
  const [error, setError] = useState<Error | null>(null)
  const ask = useCallback(() => {
    setError(null)
    askForSession().catch((thrown: unknown) => setError(thrown instanceof Error ? thrown : new Error(String(thrown))))
  }, [])
  useEffect(ask, [ask])
  return (
    <main>
      <h1 className="visually-hidden">Sallyport</h1>
      {error === null ? (
        <Loading what="the console" />
      ) : (
        <Failure title="The server could not be asked" error={error} retry={ask} />
      )}
    </main>
  )
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
