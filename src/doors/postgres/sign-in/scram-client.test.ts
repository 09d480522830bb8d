import { describe, expect, test } from 'vitest'
import { scramKeys } from './scram.ts'
import { ScramClient } from './scram-client.ts'

/** The example of RFC 7677, section 3, but for the user name, which PostgreSQL leaves empty. */
const nonce = 'rOprNGfwEbeRWgbNEkqO'
const serverFirst = `r=${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`

function client(offered: string[], endPoint?: Buffer): ScramClient {
  return new ScramClient({ offered, endPoint, nonce, keys: (salt, i) => scramKeys('pencil', salt, i) })
}

describe('signing in by SCRAM', () => {
  test('comes to the keys of RFC 7677', async () => {
    const keys = await scramKeys('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), 4096)
    // ClientProof and ServerSignature of the example hang on these two by one HMAC each; computed with Python's hashlib.
    const { createHmac, createHash } = await import('node:crypto')
    const message = `n=user,r=${nonce},${serverFirst},c=biws,r=${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0`
    const stored = createHash('sha256').update(keys.clientKey).digest()
    const signature = createHmac('sha256', stored).update(message).digest()
    const proof = Buffer.from(keys.clientKey.map((byte, i) => byte ^ (signature[i] ?? 0)))
    expect(proof.toString('base64')).toBe('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=')
    const ours = createHmac('sha256', keys.serverKey).update(message).digest('base64')
    expect(ours).toBe('6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')
  })

  test('binds to the channel where there is one and the server offers it', async () => {
    const bound = client(['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'], Buffer.from('hash'))
    expect(bound.mechanism).toBe('SCRAM-SHA-256-PLUS')
    expect(bound.first).toBe(`p=tls-server-end-point,,n=,r=${nonce}`)
    const final = await bound.final(serverFirst)
    expect(final).toContain(`c=${Buffer.from('p=tls-server-end-point,,hash').toString('base64')},`)
  })

  test('tells the server that it could have bound, where nobody offered it', () => {
    expect(client(['SCRAM-SHA-256'], Buffer.from('hash')).first).toBe(`y,,n=,r=${nonce}`)
    expect(client(['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256']).first).toBe(`n,,n=,r=${nonce}`)
  })

  test('refuses what it does not know', () => {
    expect(() => client(['OAUTHBEARER'])).toThrow(/no way to sign in/)
    expect(() => client(['SCRAM-SHA-256-PLUS'])).toThrow(RangeError)
  })

  test.each([
    ['another nonce', serverFirst.replace(nonce, 'somebodyElse')],
    ['our nonce and nothing more', `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`],
    ['no salt', `r=${nonce}more,i=4096`],
    ['a salt that is no base64', `r=${nonce}more,s=W22Z!,i=4096`],
    ['iterations for hours', `r=${nonce}more,s=AAAA,i=2147483647`],
    ['no iterations', `r=${nonce}more,s=AAAA,i=0`],
    ['a number with letters', `r=${nonce}more,s=AAAA,i=1e3`],
    ['an extension it must understand', `m=ext,r=${nonce}more,s=AAAA,i=4096`],
    ['the same twice', `r=${nonce}more,r=${nonce}other,s=AAAA,i=4096`],
    ['nothing', ''],
  ])('a server that says %s is not answered', async (_what, message) => {
    await expect(client(['SCRAM-SHA-256']).final(message)).rejects.toThrow(RangeError)
  })

  test('a server that does not prove that it knows the password is not believed', async () => {
    const made = client(['SCRAM-SHA-256'])
    expect(made.verify('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')).toBe(false)
    await made.final(serverFirst)
    for (const final of ['v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=', 'v=', 'e=other-error', '']) {
      expect(made.verify(final)).toBe(false)
    }
  })
})
