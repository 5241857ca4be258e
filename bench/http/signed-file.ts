import { createHmac, randomBytes } from 'node:crypto'
import { appendFileSync, writeFileSync } from 'node:fs'
import { HOST, ID, KEY, type Scheme, TARGET } from './kinds.ts'

const AT_A_TIME = 10_000

/**
 * Writes the values of as many `Authorization` fields, one a line, each with a nonce of its own. They
 * are signed here, before any run, so that the generator has nothing to compute.
 */
export function writeSignedFields(path: string, scheme: Scheme, count: number): void {
  writeFileSync(path, '')
  for (let done = 0; done < count; done += AT_A_TIME) {
    const lines = Math.min(AT_A_TIME, count - done)
    appendFileSync(path, Array.from({ length: lines }, () => `${signedField(scheme)}\n`).join(''))
  }
}

/** The value of the field for a fresh request. */
export function signedField(scheme: Scheme): string {
  const ts = Math.floor(Date.now() / 1000)
  const nonce = randomBytes(12).toString('base64url')
  const lines = [ts, nonce, 'GET', TARGET, HOST, 80]
  const all = scheme === 'MAC' ? [...lines, ''] : ['hawk.1.header', ...lines, '', '']
  const text = all.map((line) => `${line}\n`).join('')
  const mac = createHmac('sha256', KEY).update(text).digest('base64')
  return `${scheme} id="${ID}", ts="${ts}", nonce="${nonce}", mac="${mac}"`
}
