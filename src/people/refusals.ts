import { SallyportError } from '../errors/index.ts'

/** The same words, whatever was wrong: who exists must not show. */
export function signInRefused(): SallyportError {
  return new SallyportError('unauthenticated', 'The name or the password is wrong.', {
    hint: 'an admin can make a link to set a new password',
  })
}

/** A link was used, has run out, or never was. */
export function linkRefused(): SallyportError {
  return new SallyportError(
    'unauthenticated',
    'The link was used already, has run out, or a newer one took its place.',
    {
      hint: 'ask an admin for a new one (sallyport people password-link), or start the server with serve --sign-in',
    },
  )
}
