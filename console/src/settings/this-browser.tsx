import { Button, SegmentedControl, useMantineColorScheme } from '@mantine/core'
import { useMay } from '../api/queries.ts'
import { colorSchemes } from '../shell/color-schemes.ts'
import { switchDesktopNotices, useDesktopNotices } from '../shell/desktop.ts'
import classes from './settings.module.css'

/** What is kept in the browser, and holds for nobody else. */
export function ThisBrowser() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const mayVote = useMay('vote')
  return (
    <section className={`card ${classes.card}`} aria-labelledby="this-browser">
      <h2 id="this-browser">This browser</h2>
      <dl className={classes.facts}>
        <dt id="appearance">Appearance</dt>
        <dd>
          <SegmentedControl
            size="xs"
            aria-labelledby="appearance"
            value={colorScheme}
            transitionDuration={0}
            onChange={(value) => setColorScheme(value)}
            data={colorSchemes.map(({ value, name }) => ({ value, label: name }))}
          />
        </dd>
        {mayVote && (
          <>
            <dt>Desktop notifications</dt>
            <dd>
              <Desktop />
            </dd>
          </>
        )}
      </dl>
    </section>
  )
}

function Desktop() {
  const notices = useDesktopNotices()
  if (notices === 'refused')
    return <span>The browser does not allow them. Change that in its settings for this address.</span>
  const isOn = notices === 'on'
  return (
    <span className={classes.inline}>
      <span>{isOn ? 'On: a hold that you may decide on shows outside this window.' : 'Off.'}</span>
      <Button size="compact-xs" variant="default" onClick={() => void switchDesktopNotices(isOn ? 'off' : 'on')}>
        {isOn ? 'Turn off' : 'Turn on'}
      </Button>
    </span>
  )
}
