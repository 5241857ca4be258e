import { randomUUID } from 'node:crypto'
import { authorization } from '../../support/sign.ts'
import type { KnownCredential } from '../world/known-credential.ts'

const URL = 'http://api.example.com/orders?page=1'

/** A signed request, which may be sent several times, and its outcomes. */
export class Sent {
  readonly credential: KnownCredential
  readonly ts: number
  readonly nonce: string
  /** Whether the MAC is wrong. */
  readonly forged: boolean
  readonly text: string
  /** How often it was answered 200. */
  accepted = 0
  /** How often handlers noted that they were called with it. */
  handled = 0
  /** When it was first answered 200, in milliseconds since 1970. */
  acceptedAt: number = Number.POSITIVE_INFINITY

  constructor(credential: KnownCredential, ts: number, forged = false) {
    this.credential = credential
    this.ts = ts
    this.forged = forged
    this.nonce = randomUUID()
    const key = forged ? { ...credential, key: `${credential.key}.` } : credential
    const header = authorization(key, URL, { ts, nonce: this.nonce })
    this.text = `GET /orders?page=1 HTTP/1.1\r\nHost: api.example.com\r\nAuthorization: ${header}\r\n\r\n`
  }

  toString(): string {
    return `id=${this.credential.id} ts=${this.ts} nonce=${this.nonce}`
  }
}
