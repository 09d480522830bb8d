import { Kbd, Modal } from '@mantine/core'
import classes from './shell.module.css'

const shortcuts: readonly (readonly [readonly string[], string])[] = [
  [['j', 'k'], 'Next, previous held action'],
  [['Enter'], 'Open it'],
  [['/'], 'Filter the list'],
  [['x'], 'In the inbox: select it, to reject several at once'],
  [['a'], 'On a held action: go to Approve'],
  [['r'], 'On a held action: go to Reject (asks for a reason first)'],
  [['Esc'], 'Leave a field; back to the inbox'],
  [['?'], 'Show this help'],
]

export function Help({ opened, close }: { opened: boolean; close: () => void }) {
  return (
    <Modal opened={opened} onClose={close} title="Keyboard" centered closeButtonProps={{ 'aria-label': 'Close help' }}>
      <dl className={classes.shortcuts}>
        {shortcuts.map(([keys, meaning]) => (
          <div key={meaning}>
            <dt>
              {keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  )
}
