import { createRootRoute, createRoute, createRouter, Link } from '@tanstack/react-router'
import { ChangePage } from './changes/change-page.tsx'
import { ChangesPage } from './changes/changes-page.tsx'
import { DoorsPage } from './doors/doors-page.tsx'
import { HoldPage } from './hold/hold-page.tsx'
import { InboxPage } from './inbox/inbox-page.tsx'
import { LedgerPage } from './ledger/ledger-page.tsx'
import { LocksPage } from './locks/locks-page.tsx'
import { Notice } from './parts/notice.tsx'
import { PeoplePage } from './people/people-page.tsx'
import { PersonPage } from './people/person-page.tsx'
import { RulesPage } from './rules/rules-page.tsx'
import { SettingsPage } from './settings/settings-page.tsx'
import { Shell } from './shell/shell.tsx'
import { readFilter } from './timeline/filter.ts'
import { TimelinePage } from './timeline/timeline-page.tsx'

const root = createRootRoute({
  component: Shell,
  notFoundComponent: () => (
    <Notice tone="quiet" title="There is no such page">
      <Link to="/">Go to the inbox</Link>
    </Notice>
  ),
})

const hold = createRoute({
  getParentRoute: () => root,
  path: '/holds/$id',
  component: function HoldRoute() {
    const { id } = hold.useParams()
    return <HoldPage key={id} id={id} />
  },
})

const change = createRoute({
  getParentRoute: () => root,
  path: '/changes/$id',
  component: function ChangeRoute() {
    const { id } = change.useParams()
    return <ChangePage key={id} id={id} />
  },
})

const person = createRoute({
  getParentRoute: () => root,
  path: '/people/$id',
  component: function PersonRoute() {
    const { id } = person.useParams()
    return <PersonPage key={id} id={id} />
  },
})

const timeline = createRoute({
  getParentRoute: () => root,
  path: '/timeline',
  validateSearch: readFilter,
  component: function TimelineRoute() {
    const filter = timeline.useSearch()
    const navigate = timeline.useNavigate()
    // Each change of the filter takes the place of the one before: going back leaves the page.
    return <TimelinePage filter={filter} onFilter={(search) => void navigate({ search, replace: true })} />
  },
})

const routes = [
  createRoute({ getParentRoute: () => root, path: '/', component: InboxPage }),
  timeline,
  createRoute({ getParentRoute: () => root, path: '/rules', component: RulesPage }),
  createRoute({ getParentRoute: () => root, path: '/doors', component: DoorsPage }),
  createRoute({ getParentRoute: () => root, path: '/ledger', component: LedgerPage }),
  createRoute({ getParentRoute: () => root, path: '/people', component: PeoplePage }),
  createRoute({ getParentRoute: () => root, path: '/locks', component: LocksPage }),
  createRoute({ getParentRoute: () => root, path: '/changes', component: ChangesPage }),
  createRoute({ getParentRoute: () => root, path: '/settings', component: SettingsPage }),
  change,
  person,
  hold,
] as const

export const router = createRouter({
  routeTree: root.addChildren(routes),
  scrollRestoration: true,
  defaultErrorComponent: ({ error }) => (
    <Notice tone="danger" title="This page could not be shown">
      {error instanceof Error ? error.message : String(error)}
    </Notice>
  ),
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
