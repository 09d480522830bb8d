import { Button, Modal } from '@mantine/core'
import type { Me } from '../api/types.ts'
import { Away } from './absence.tsx'
import classes from './people.module.css'

/** Where somebody says that they are away themselves. */
export function AwayDialog({ me, opened, close }: { me: Me; opened: boolean; close: () => void }) {
  return (
    <Modal.Root opened={opened} onClose={close} centered transitionProps={{ duration: 0 }}>
      <Modal.Overlay />
      <Modal.Content>
        {/* Not in Mantine's header: within a dialog that counts as a second banner of the page. */}
        <Modal.Body className={classes.absence ?? ''}>
          <Modal.Title className={classes.title ?? ''}>Being away</Modal.Title>
          <Away person={me.person.id} absence={me.absence} />
          <div>
            <Button variant="subtle" size="compact-sm" onClick={close}>
              Close
            </Button>
          </div>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  )
}
