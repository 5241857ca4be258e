import { createMac, type Mac, type MacError, type MacOptions } from '../../src/index.ts'
import { outcome } from './outcome.ts'
import { type Key, type Signing, signed } from './sign.ts'

const URL = 'http://example.com/a'

/** A handler of one Mac. A test chooses the client address of each request. */
export interface Limited {
  readonly mac: Mac
  /** Why requests were rejected, so far. */
  readonly rejections: readonly MacError[]
  /** @returns The whole answer to a request that is signed with a key and comes from an address. */
  answer(key: Key, from?: string, signing?: Signing): Promise<Response>
  /** @returns The outcome of such a request. */
  send(key: Key, from?: string, signing?: Signing): Promise<string>
}

/** @param options Options of `createMac`. By default the database is in memory. */
export function limited(options: MacOptions): Limited {
  const rejections: MacError[] = []
  const mac = createMac({
    database: 'sqlite::memory:',
    clientAddress: (_request: Request, from?: string) => from,
    onReject: (error) => rejections.push(error),
    ...options,
  })
  const app = mac.withMac((_request: Request, _from?: string) => new Response())
  const answer = (key: Key, from?: string, signing: Signing = {}) =>
    app(signed(key, URL, signing), from)
  return { mac, rejections, answer, send: (...sent) => outcome(answer(...sent)) }
}
