import { type Body, buffer, bytesOf, digestOf, isStream, snapshot } from './body.ts'
import { KeptBody } from './kept-body.ts'

/** The body of a request that may have to be sent more than once. */
export interface Payload {
  /** Its SHA-256 in base64, where it is bound to the MAC; else `null`. */
  readonly digest: string | null
  /** The `Content-Type` that must go with it, where `fetch` would not know it any more. */
  readonly type: string | null
  /** What to give `fetch` as body this time; `undefined` where the `Request` that it is given has it. */
  take(): Body | null | undefined
  /** Whether there is one. */
  readonly present: boolean
  /** Whether it can be taken once more. */
  readonly repeatable: boolean
  /** Says that it will not be needed again. */
  drop(): void
}

/**
 * The payload of a call of `fetch`.
 *
 * @param bind Whether it is bound to the MAC: then it is read into memory.
 */
export async function payloadOf(
  request: Request | null,
  body: Body | null,
  bind: boolean,
): Promise<Payload> {
  const carried = request !== null && request.body !== null && body === null
  if (!carried && body === null) return noPayload(bind)
  if (bind) {
    const { bytes, type } = carried
      ? { bytes: await bytesOf(request), type: null }
      : await buffer(body as Body)
    return given(bytes, { digest: digestOf(bytes), type })
  }
  return carried ? carriedBy(request) : given(snapshot(body as Body), { digest: null, type: null })
}

/** No body, which has a digest as well. */
export function noPayload(bind: boolean): Payload {
  return {
    digest: bind ? digestOf(null) : null,
    type: null,
    take: () => null,
    present: false,
    repeatable: true,
    drop() {},
  }
}

function given(body: Body, about: Pick<Payload, 'digest' | 'type'>): Payload {
  return { ...about, take: () => body, present: true, repeatable: !isStream(body), drop() {} }
}

/** A body within a `Request`, that goes the first time as it is, a stream if it is one. */
function carriedBy(request: Request): Payload {
  const kept = new KeptBody(request)
  let taken = false
  return {
    digest: null,
    type: null,
    take() {
      if (taken) return kept.bytes
      taken = true
      return undefined
    },
    present: true,
    get repeatable() {
      return kept.bytes !== null
    },
    drop: () => kept.drop(),
  }
}
