import assert from 'node:assert/strict'
import {
  computeMac,
  macsAreEqual,
  parseAuthorization,
  prepareKey,
  requestString,
} from '../withmac.ts'

const HEADER =
  'MAC id="h480djs93hd8", ts="1336363200", nonce="dj83hs9s", mac="1c0l2YIW7g7syyDmVHy2lxCeZK5VouDCuU0T0YOmTOU="'
const KEY = '489dks293j39'
const REQUEST = {
  ts: '1336363200',
  nonce: 'dj83hs9s',
  method: 'GET',
  target: '/resource/1?b=1&a=2',
  host: 'example.com',
  port: '80',
  ext: null,
}
const TEXT = '1336363200\ndj83hs9s\nGET\n/resource/1?b=1&a=2\nexample.com\n80\n\n'
const MAC = '1c0l2YIW7g7syyDmVHy2lxCeZK5VouDCuU0T0YOmTOU='

/**
 * Returns the pieces of a verification that need neither a clock nor a store.
 * @throws Error if one returns a wrong result.
 */
export function protocolPieces(): Record<string, () => unknown> {
  assert.deepEqual(
    { ...parseAuthorization(HEADER) },
    { id: 'h480djs93hd8', ts: REQUEST.ts, nonce: REQUEST.nonce, ext: null, mac: MAC },
  )
  assert.equal(requestString(REQUEST), TEXT)
  assert.equal(computeMac('hmac-sha-256', KEY, TEXT), MAC)
  assert.equal(computeMac('hmac-sha-1', KEY, TEXT), '6T3zZzy2Emppni6bzL7kdRxUWL4=')
  const sha256 = prepareKey('hmac-sha-256', KEY)
  const sha1 = prepareKey('hmac-sha-1', KEY)
  assert.equal(sha256(TEXT), MAC)
  assert.equal(sha1(TEXT), '6T3zZzy2Emppni6bzL7kdRxUWL4=')
  assert.equal(macsAreEqual(MAC, MAC), true)
  assert.equal(macsAreEqual(MAC.replace('U=', 'V='), MAC), false)
  return {
    'parse the header': () => parseAuthorization(HEADER),
    'normalized request string': () => requestString(REQUEST),
    'HMAC, hmac-sha-256, key prepared': () => sha256(TEXT),
    'HMAC, hmac-sha-1, key prepared': () => sha1(TEXT),
    'HMAC, hmac-sha-256, createHmac': () => computeMac('hmac-sha-256', KEY, TEXT),
    'compare two MACs': () => macsAreEqual(MAC, MAC),
  }
}
