import { SallyportError } from '../errors/index.ts'

const shortest = 12
const fewestDifferent = 5

/**
 * Whether a password may be set. Length is what counts, no kinds of characters are asked for (NIST SP 800-63B, 5.1.1.2).
 * @throws SallyportError `invalid_request`
 */
export function checkPassword(password: string, person: string): void {
  const characters = [...password.normalize('NFKC')]
  const refuse = (message: string) => {
    throw new SallyportError('invalid_request', message, { hint: 'several words that only you put together are best' })
  }
  if (characters.length < shortest) refuse(`A password has at least ${shortest} characters.`)
  if (new Set(characters).size < fewestDifferent) {
    refuse(`A password has at least ${fewestDifferent} different characters.`)
  }
  if (person.length > 3 && password.toLowerCase().includes(person.toLowerCase())) {
    refuse('A password does not contain the name it belongs to.')
  }
}
