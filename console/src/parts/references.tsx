import classes from './parts.module.css'

/** Where to read why, by the name of the site. */
export function References({ of }: { of: readonly string[] }) {
  if (of.length === 0) return null
  return (
    <span className={classes.references}>
      {of.map((address) => (
        <a key={address} href={address} target="_blank" rel="noreferrer noopener">
          {address.split('/')[2]?.replace(/^www\./, '')}
        </a>
      ))}
    </span>
  )
}
