import { readFileSync } from 'node:fs'
import { config } from './this-runtime.mjs'

/** The key and the certificate of the suite's servers, as text. */
export function readCertificate() {
  const { key, cert } = config.tls
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
}
