import { describe, expect, it } from 'vitest'
import { formatDiagnostics, SallyportError } from '../errors/index.ts'
import { parseConfig } from './parse.ts'

const start = `doors:
  - name: shop-db
    protocol: postgres
    listen: 127.0.0.1:6432
    upstream: postgres://127.0.0.1:5432
    credentials: `

function problems(credentials: string, environment: Record<string, string> = {}): string {
  try {
    parseConfig(`${start}${credentials}\n`, 's.yaml', environment)
  } catch (thrown) {
    if (!(thrown instanceof SallyportError)) throw thrown
    return formatDiagnostics(thrown.diagnostics)
  }
  return 'no problems'
}

function read(credentials: string, environment: Record<string, string> = {}) {
  return parseConfig(`${start}${credentials}\n`, '/etc/sallyport/s.yaml', environment).doors[0]?.credentials
}

describe('credentials of a door', () => {
  it('are those of its clients, unless told', () => {
    expect(read('{}')).toBeUndefined()
    expect(read('{ mode: passthrough }')).toBeUndefined()
  })

  it('name an account, and where its password is: never the password itself', () => {
    expect(read('{ mode: door, user: svc, passwordFile: secrets/svc }')).toEqual({
      user: 'svc',
      password: { file: '/etc/sallyport/secrets/svc' },
    })
    expect(read('{ mode: door, user: svc, passwordEnv: SVC }', { SVC: 'hunter2' })).toEqual({
      user: 'svc',
      password: { env: 'SVC' },
    })
    expect(read('{ mode: door, user: svc }')).toEqual({ user: 'svc' })
  })

  it('have no place for a password in the file, and do not repeat one', () => {
    const found = problems('{ mode: door, user: svc, password: hunter2 }')
    expect(found).toContain('unknown key "password" in doors[0].credentials')
    expect(found).toContain('known here: mode, user, passwordEnv, passwordFile')
    expect(found).not.toContain('hunter2')
  })

  it('are complete, and say it in one place', () => {
    expect(problems('{ mode: door }')).toContain('s.yaml:6:26: error: doors[0].credentials has no user')
    expect(problems('{ mode: door, user: svc, passwordEnv: SVC, passwordFile: f }', { SVC: 'x' })).toContain(
      'has the password in two places',
    )
    expect(problems('{ mode: door, user: svc, passwordEnv: "9 lives" }')).toContain(
      'doors[0].credentials.passwordEnv: not the name of an environment variable',
    )
  })

  it('need the variable they name, and it must hold something', () => {
    expect(problems('{ mode: door, user: svc, passwordEnv: SVC_PASWORD }', { SVC_PASSWORD: 'hunter2' })).toBe(
      's.yaml:6:56: error: the environment variable SVC_PASWORD is not set\n  set it before starting; did you mean SVC_PASSWORD?',
    )
    expect(problems('{ mode: door, user: svc, passwordEnv: SVC }', { SVC: '' })).toContain('SVC is not set')
  })

  it('of a door that passes through are a contradiction: somebody believes that they are used', () => {
    expect(problems('{ user: svc }')).toContain('doors[0].credentials has user, but clients sign in with their own')
    expect(problems('{ passwordFile: f }')).toContain('say mode: door, or take it out')
  })
})
