import { randomUUID } from 'node:crypto'
import { authorization, type Key } from '../../../support/sign.ts'

const URL = 'http://api.example.com/orders?page=1'

/** A signed request, which may be sent several times. */
export class Sent {
  readonly ts: number
  readonly nonce: string
  readonly header: string
  /** How often it was accepted. */
  accepted = 0

  constructor(key: Key, ts: number) {
    this.ts = ts
    this.nonce = randomUUID()
    this.header = authorization(key, URL, { ts, nonce: this.nonce })
  }
}
