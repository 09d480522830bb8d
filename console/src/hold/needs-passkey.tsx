import { Link } from '@tanstack/react-router'
import { Notice } from '../parts/notice.tsx'

/** Where yes takes a tap of a passkey, and whoever looks has none. */
export function NeedsPasskey() {
  return (
    <Notice tone="warn" title="This takes a tap of your passkey, and you have none">
      Add one on the page <Link to="/settings">Settings</Link>.
    </Notice>
  )
}
