import { chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import forge from 'node-forge'
import pg from 'pg'
import type { TestPostgres } from './postgres.ts'

/** Certificate and key, as PEM files. */
export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

/** An authority of the test's own, and what it signs. */
export class TestAuthority {
  readonly #folder: string
  readonly #keys = forge.pki.rsa.generateKeyPair(2048)
  readonly #certificate = forge.pki.createCertificate()
  #serial = 1
  /** PEM file of its certificate. */
  readonly file: string

  constructor(folder: string, name: string) {
    this.#folder = folder
    mkdirSync(folder, { recursive: true })
    const subject = [{ name: 'commonName', value: name }]
    this.#prepare(this.#certificate, this.#keys.publicKey, subject, subject)
    this.#certificate.setExtensions([
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ])
    this.#certificate.sign(this.#keys.privateKey, forge.md.sha256.create())
    this.file = join(folder, `${name}.crt`)
    writeFileSync(this.file, forge.pki.certificateToPem(this.#certificate))
  }

  /** A certificate for a server under these names, or for a client. */
  issue(file: string, subject: readonly [string, string][], names: readonly string[] = []): CertificateFiles {
    const keys = forge.pki.rsa.generateKeyPair(2048)
    const certificate = forge.pki.createCertificate()
    const attributes = subject.map(([name, value]) => ({ name, value }))
    this.#prepare(certificate, keys.publicKey, attributes, this.#certificate.subject.attributes)
    const altNames = names.map((name) => (/^[\d.]+$/.test(name) ? { type: 7, ip: name } : { type: 2, value: name }))
    certificate.setExtensions(altNames.length > 0 ? [{ name: 'subjectAltName', altNames }] : [])
    certificate.sign(this.#keys.privateKey, forge.md.sha256.create())
    const files = { cert: join(this.#folder, `${file}.crt`), key: join(this.#folder, `${file}.key`) }
    writeFileSync(files.cert, forge.pki.certificateToPem(certificate))
    writeFileSync(files.key, forge.pki.privateKeyToPem(keys.privateKey), { mode: 0o600 })
    return files
  }

  #prepare(
    certificate: forge.pki.Certificate,
    key: forge.pki.PublicKey,
    subject: forge.pki.CertificateField[],
    issuer: forge.pki.CertificateField[],
  ): void {
    certificate.publicKey = key
    certificate.serialNumber = `0${(this.#serial++).toString(16)}`.slice(-2)
    certificate.validity.notBefore = new Date(Date.now() - 60_000)
    certificate.validity.notAfter = new Date(Date.now() + 86_400_000)
    certificate.setSubject(subject)
    certificate.setIssuer(issuer)
  }
}

/** Lets a server that runs speak TLS. Its files have to belong to whom it runs as. */
export async function encryptServer(postgres: TestPostgres, { cert, key }: CertificateFiles): Promise<void> {
  const { uid, gid } = statSync(`/proc/${postgres.pid}`)
  for (const file of [cert, key]) chownSync(file, uid, gid)
  const direct = new pg.Client({ connectionString: postgres.superuserUrl })
  await direct.connect()
  try {
    await direct.query(`ALTER SYSTEM SET ssl_cert_file = '${cert}'`)
    await direct.query(`ALTER SYSTEM SET ssl_key_file = '${key}'`)
    await direct.query('ALTER SYSTEM SET ssl = on')
    await direct.query('SELECT pg_reload_conf()')
  } finally {
    await direct.end()
  }
}
