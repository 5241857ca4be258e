import { createHmac } from 'node:crypto'
import { type MacAlgorithm, prepareKey } from '../protocol/signature.ts'
import type { Alternative } from './guess.ts'

/** A hash that clients may use with HMAC. */
export type Hash = 'sha1' | 'sha256' | 'sha384' | 'sha512'

/** A key in one of the forms that a client may have used: computes MACs, in base64. */
export type KeyForm = (hash: Hash, text: string) => string

const PREPARED: Partial<Record<Hash, MacAlgorithm>> = {
  sha1: 'hmac-sha-1',
  sha256: 'hmac-sha-256',
}

/** A key as it is written, or as bytes. */
export function keyForm(key: string | Buffer): KeyForm {
  const prepared = new Map<Hash, (text: string) => string>()
  const prepare = (hash: Hash) => {
    const algorithm = PREPARED[hash]
    if (typeof key === 'string' && algorithm !== undefined) return prepareKey(algorithm, key)
    return (text: string) => createHmac(hash, key).update(text).digest('base64')
  }
  return (hash, text) => {
    let mac = prepared.get(hash)
    if (mac === undefined) {
      mac = prepare(hash)
      prepared.set(hash, mac)
    }
    return mac(text)
  }
}

/** What clients do to a key before they use it. */
export function keySlips(id: string, key: string): Alternative[] {
  const slips: Alternative[] = []
  const used = new Set([key])
  const add = (kind: string, rank: number, form: string | Buffer | null, how: string) => {
    const bytes = form === null ? '' : typeof form === 'string' ? form : form.toString('latin1')
    if (form === null || used.has(bytes)) return
    used.add(bytes)
    slips.push({
      kind,
      rank,
      side: 'client',
      matches: `the key ${how}`,
      did: `the client computed the MAC with the key ${how}`,
      change: 'let the client use the characters of the key as its bytes, as they are',
      differs: { key: keyForm(form) },
    })
  }
  add('key-base64', 1, decoded(key, 'base64'), 'decoded from base64')
  add('key-base64url', 1, decoded(key, 'base64url'), 'decoded from base64url')
  add('key-hex', 1, decoded(key, 'hex'), 'decoded from hexadecimal')
  add('key-newline', 1, `${key}\n`, 'and a line feed behind it')
  add('key-newline', 2, `${key}\r\n`, 'and a line break (CR LF) behind it')
  add('key-space', 3, `${key} `, 'and a space behind it')
  add('key-trimmed', 2, key.trim(), 'without the white space around it')
  add('key-encoded', 2, Buffer.from(key).toString('base64'), 'encoded in base64')
  add('key-encoded', 3, Buffer.from(key).toString('base64url'), 'encoded in base64url')
  add('key-encoded', 3, Buffer.from(key).toString('hex'), 'encoded in hexadecimal')
  add('key-quoted', 2, `"${key}"`, 'in double quotes')
  add('key-quoted', 3, `'${key}'`, 'in single quotes')
  add('key-case', 3, key.toLowerCase(), 'in lower case')
  add('key-case', 3, key.toUpperCase(), 'in upper case')
  add('key-is-id', 2, id, 'identifier in place of the key')
  add('key-empty', 2, '', 'left out: an empty one was used')
  return slips
}

/** The bytes that the key stands for in an encoding, if it can be read in it. */
function decoded(key: string, encoding: 'base64' | 'base64url' | 'hex'): Buffer | null {
  const alphabet = {
    base64: /^[A-Za-z0-9+/]+={0,2}$/,
    base64url: /^[A-Za-z0-9_-]+={0,2}$/,
    hex: /^(?:[0-9A-Fa-f]{2})+$/,
  }
  return alphabet[encoding].test(key) ? Buffer.from(key, encoding) : null
}
