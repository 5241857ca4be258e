import { createMacFetch, signRequest } from 'withmac/client'
import { check, outcome } from './checks.mjs'

/** Checks methods, the kinds of arguments for a request, and repeated requests. */
export async function requests({ credential, at }) {
  const macFetch = createMacFetch(credential)
  for (const method of ['GET', 'HEAD', 'POST', 'put', 'PATCH', 'Delete', 'OPTIONS']) {
    const response = await macFetch(`${at.required}/x?a=b#f`, { method })
    check(method, response.status, 200)
    const text = await response.text()
    if (method !== 'HEAD') check(`${method}, seen`, JSON.parse(text).method, method.toUpperCase())
  }
  const request = new Request(`${at.required}/again`)
  const tries = [macFetch(request), macFetch(request), macFetch(request)]
  check('the same Request again', await Promise.all(tries.map(outcome)), [200, 200, 200])
  const signed = await signRequest(request, credential)
  check('one that was signed', await outcome(fetch(signed.clone())), 200)
  check('a copy of it', await outcome(fetch(signed)), '401 ERR_MAC_REPLAY')
  const other = createMacFetch({ ...credential, key: 'another' })
  check('another key', await outcome(other(request)), '401 ERR_MAC_REJECTED')
  const stream = new Blob(['hello']).stream()
  const streamed = { method: 'POST', body: stream, duplex: 'half' }
  check('a stream', await outcome(macFetch(at.required, streamed)), 200)
  const sha1 = createMacFetch({ ...credential, algorithm: 'hmac-sha-1' })
  check('another algorithm', await outcome(sha1(request)), '401 ERR_MAC_REJECTED')
}
