import { type ClientCredential, readCredential } from './credential.ts'
import { checkOptions, type MacFetch, type MacFetchOptions } from './options.ts'
import { signingFetch } from './signing-fetch.ts'

/**
 * Makes a `fetch` that signs each request (draft §3), with a nonce of its own: call it again to try
 * again. It takes what `fetch` takes, and passes on what it does not know.
 *
 * - The MAC covers method, target, host, port, timestamp, nonce and `ext`; *not* header fields, nor
 *   the body without the option `body`. A body that is a stream stays one, except with that option.
 * - Redirects are followed by hand and signed anew on the same origin, and go unsigned to another, as
 *   does all that follows there. `redirect: 'manual'` and `'error'` are heeded. One from `https:` to
 *   `http:` is refused, and one over plain `http:` that would be signed: see `trustPlainHttp`.
 * - Where the server refuses the timestamp and tells its time, authenticated with this very key for
 *   this very request, the offset is kept for that origin and the request sent once more. Where its
 *   body cannot be, the 401 is given back, and the next request will be right.
 * - A 401 that is given back was a rejection. If the server has had the request before, though it was
 *   sent once, it was probably carried out and its answer lost: then this rejects, and repeats nothing.
 *
 * It needs node:crypto, as servers' runtimes have it, and a `fetch` that shows redirects: it is *not*
 * for browsers, where a key would not stay secret either.
 *
 * @throws TypeError where the credential or an option is wrong: now. The function that it gives rejects
 *   with {@link MacError} `ERR_MAC_CLIENT_URL`, `_METHOD` or `_HEADER` where something else would be
 *   sent than what is signed, `ERR_MAC_CLIENT_REDIRECT` where a redirect is not followed,
 *   `ERR_MAC_CLIENT_ANSWER_LOST` where the request was probably carried out, and as `fetch` does.
 *
 * @example
 * const macFetch = createMacFetch({ id: process.env.MAC_ID, key: process.env.MAC_KEY })
 * const answer = await macFetch('https://api.example.com/orders', { method: 'POST', body: 'one' })
 */
export function createMacFetch(
  credential: ClientCredential,
  options: MacFetchOptions = {},
): MacFetch {
  const signer = readCredential(credential)
  checkOptions('createMacFetch', options)
  const signers = { current: () => signer, accepted() {}, refused: () => false }
  return signingFetch(signers, options)
}
