/** A part of pg that its types leave out: which hash a certificate (DER) was signed with. Throws for one unknown. */
declare module 'pg/lib/crypto/cert-signatures.js' {
  export function signatureAlgorithmHashFromCertificate(der: Uint8Array): string
}
