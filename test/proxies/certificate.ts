import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HOST } from './client.ts'

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/**
 * Makes an authority and a certificate of it for `api.example.com`, in the places of `/etc/ssl`.
 * @returns The certificate of the authority.
 */
export function makeCertificate(folder: string): string {
  for (const name of ['certs', 'private']) mkdirSync(join(folder, name), { recursive: true })
  const at = (...names: string[]) => join(folder, ...names)
  const openssl = (...parts: string[]) =>
    execFileSync('openssl', parts, { stdio: ['ignore', 'ignore', 'pipe'] })
  const authority = { key: at('authority.key'), cert: at('authority.pem') }
  const own = { key: at('private', `${HOST}.key`), cert: at('certs', `${HOST}.pem`) }
  const out = ['-days', '2', '-keyout', authority.key, '-out', authority.cert]
  openssl('req', '-x509', ...CURVE, '-subj', '/CN=withmac test authority', ...out)
  const request = ['-keyout', own.key, '-out', at('request')]
  openssl('req', '-new', ...CURVE, '-subj', `/CN=${HOST}`, ...request)
  writeFileSync(at('names'), `subjectAltName=DNS:${HOST}\n`)
  const signer = ['-CA', authority.cert, '-CAkey', authority.key, '-CAcreateserial']
  const files = ['-in', at('request'), '-out', own.cert, '-extfile', at('names'), '-days', '2']
  openssl('x509', '-req', ...signer, ...files)
  const both = readFileSync(own.cert, 'utf8') + readFileSync(own.key, 'utf8')
  writeFileSync(at('private', `${HOST}.pem`), both)
  return readFileSync(authority.cert, 'utf8')
}
