import { createMac, type Mac, type MacError, type MacOptions } from '../../src/index.ts'
import { outcome } from './outcome.ts'
import { type Key, type Signing, signed } from './sign.ts'

const URL = 'http://example.com/a'

/** A handler over one Mac that is asked from addresses of its clients' choice. */
export interface Limited {
  readonly mac: Mac
  /** Why requests were refused, so far. */
  readonly rejections: readonly MacError[]
  /** The whole answer to a request signed with a key, from an address. */
  answer(key: Key, from?: string, signing?: Signing): Promise<Response>
  /** What became of it. */
  send(key: Key, from?: string, signing?: Signing): Promise<string>
}

/** @param options Those of `createMac`; the database is in memory, the address is given by hand. */
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
