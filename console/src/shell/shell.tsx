import { ActionIcon, Menu, Tooltip, UnstyledButton, useMantineColorScheme } from '@mantine/core'
import { IconCheck, IconChevronDown, IconKeyboard } from '@tabler/icons-react'
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useMay, useMe, usePendingHolds } from '../api/queries.ts'
import { signOut } from '../api/sign-in.ts'
import { number } from '../format/impact.ts'
import { Failure } from '../parts/loading.tsx'
import { Notice } from '../parts/notice.tsx'
import { useKeys } from '../parts/use-keys.ts'
import { AwayDialog } from '../people/away-dialog.tsx'
import { colorSchemes } from './color-schemes.ts'
import { leadFromDesktop, switchDesktopNotices, useDesktopNotices } from './desktop.ts'
import { Help } from './help.tsx'
import { useLive } from './live.tsx'
import { Mark } from './mark.tsx'
import classes from './shell.module.css'

const pages = [
  { to: '/', name: 'Inbox' },
  { to: '/changes', name: 'Changes' },
  { to: '/timeline', name: 'Timeline' },
  { to: '/rules', name: 'Rules' },
  { to: '/doors', name: 'Doors' },
  { to: '/locks', name: 'Locks' },
  { to: '/ledger', name: 'Ledger' },
] as const
const adminPages = [{ to: '/people', name: 'People' }] as const
/** Reached through the person's menu. */
const otherPages = [{ to: '/settings', name: 'Settings' }] as const

/** What stands around every page. */
export function Shell() {
  const pending = usePendingHolds().data?.length ?? 0
  const [help, setHelp] = useState(false)
  const { pathname } = useLocation()
  const me = useMe()
  const navigate = useNavigate()
  useEffect(() => {
    leadFromDesktop((id) => void navigate(id === null ? { to: '/' } : { to: '/holds/$id', params: { id } }))
  }, [navigate])
  useKeys({ '?': () => setHelp(true) })
  useEffect(() => {
    const page = [...pages, ...adminPages, ...otherPages].find(({ to }) => isAt(to, pathname))?.name ?? 'Held action'
    document.title = `${pending > 0 ? `(${pending}) ` : ''}${page} · Sallyport`
  }, [pending, pathname])
  const shown = useMay('people.manage') ? [...pages, ...adminPages] : pages
  return (
    <>
      <a href="#main" className={classes.skip}>
        Skip to the content
      </a>
      <header className={classes.header}>
        <div className={classes.bar}>
          <Link to="/" className={classes.logo} aria-label="Sallyport, inbox">
            <Mark />
            <span>Sallyport</span>
          </Link>
          <nav aria-label="Pages" className={classes.nav}>
            {shown.map(({ to, name }) => {
              const current = isAt(to, pathname)
              return (
                <Link key={to} to={to} className={classes.navLink} data-current={current || undefined}>
                  {name}
                  {to === '/' && pending > 0 && (
                    <span className={classes.count}>
                      {pending}
                      <span className="visually-hidden"> waiting for review</span>
                    </span>
                  )}
                </Link>
              )
            })}
          </nav>
          <div className={classes.end}>
            <Live />
            <Tooltip label="Keyboard shortcuts (?)">
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label="Keyboard shortcuts"
                className={classes.helpButton}
                onClick={() => setHelp(true)}
              >
                <IconKeyboard size={18} />
              </ActionIcon>
            </Tooltip>
            <PersonMenu />
          </div>
        </div>
      </header>
      <main id="main" className={classes.main} tabIndex={-1}>
        {me.data?.server.ledger.state === 'failed' && (
          <div className={classes.banner}>
            <Notice tone="danger" title="The record cannot be written, so every door refuses">
              Nothing passes that is not on the record first. Free disk space or repair the volume of the data folder,
              then restart the server.
            </Notice>
          </div>
        )}
        {me.error !== null && me.data === undefined && (
          <div className={classes.banner}>
            <Failure title="The server could not be asked" error={me.error} retry={() => void me.refetch()} />
          </div>
        )}
        <Outlet />
      </main>
      <Footer />
      <Help opened={help} close={() => setHelp(false)} />
    </>
  )
}

/** Whether a page belongs to an entry of the navigation. */
function isAt(to: string, pathname: string): boolean {
  if (to === '/') return pathname === '/' || pathname.startsWith('/holds/')
  return pathname === to || pathname.startsWith(`${to}/`)
}

const liveWords = {
  connecting: { word: 'connecting', title: 'Connecting to the server' },
  live: { word: 'live', title: 'Changes show here as they happen' },
  reconnecting: { word: 'reconnecting', title: 'The connection is lost: what you see may be old' },
} as const

function Live() {
  const state = useLive()
  const { word, title } = liveWords[state]
  return (
    <span className={classes.live} data-state={state} title={title} role="status">
      <span className={classes.dot} aria-hidden="true" />
      <span className={classes.liveWord}>{word}</span>
    </span>
  )
}

function PersonMenu() {
  const me = useMe().data
  const navigate = useNavigate()
  const [away, setAway] = useState(false)
  const mayVote = useMay('vote')
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  if (me === undefined) return null
  const { person, absence, standsInFor } = me
  return (
    <>
      <AwayDialog me={me} opened={away} close={() => setAway(false)} />
      <Menu position="bottom-end" width={240} transitionProps={{ duration: 0 }}>
        <Menu.Target>
          <UnstyledButton className={classes.person} aria-label={`Signed in as ${person.name}`}>
            <span className={classes.personName}>{person.name}</span>
            <IconChevronDown size={14} aria-hidden="true" />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <div className={classes.personFacts}>
            <strong>{person.name}</strong>
            <span className="mono dim">{person.id}</span>
            <span className="dim">Roles: {person.roles.join(', ') || 'none'}</span>
            <span className="dim">Groups: {person.groups.join(', ') || 'none'}</span>
            {standsInFor.length > 0 && <span>Stands in for: {standsInFor.map((one) => one.person).join(', ')}</span>}
            {absence !== null && <span>Away: {absence.deputy} stands in</span>}
          </div>
          <Menu.Divider />
          <Menu.Label>Appearance</Menu.Label>
          {colorSchemes.map(({ value, name }) => (
            <Menu.Item
              key={value}
              onClick={() => setColorScheme(value)}
              aria-current={colorScheme === value}
              rightSection={colorScheme === value ? <IconCheck size={14} aria-hidden="true" /> : null}
            >
              {name}
            </Menu.Item>
          ))}
          <Menu.Divider />
          {mayVote && <DesktopNotices />}
          {mayVote && <Menu.Item onClick={() => setAway(true)}>Being away …</Menu.Item>}
          <Menu.Item onClick={() => void navigate({ to: '/settings' })}>Settings</Menu.Item>
          <Menu.Item onClick={() => void signOut()}>Sign out</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  )
}

/** Switches notifications outside the window on and off. */
function DesktopNotices() {
  const notices = useDesktopNotices()
  if (notices === 'refused') return <Menu.Item disabled>Desktop notifications: not allowed by the browser</Menu.Item>
  const isOn = notices === 'on'
  return (
    <Menu.Item
      aria-current={isOn}
      closeMenuOnClick={false}
      onClick={() => void switchDesktopNotices(isOn ? 'off' : 'on')}
      rightSection={isOn ? <IconCheck size={14} aria-hidden="true" /> : null}
    >
      {isOn ? 'Desktop notifications are on' : 'Turn on desktop notifications'}
    </Menu.Item>
  )
}

function Footer() {
  const server = useMe().data?.server
  if (server === undefined) return null
  return (
    <footer className={classes.footer}>
      <span>Sallyport {server.version}</span>
      <span>
        rules <code>{server.rules}</code>
      </span>
      <span className="nums">
        ledger {server.ledger.state}, {number(server.ledger.size)} entries
      </span>
    </footer>
  )
}
