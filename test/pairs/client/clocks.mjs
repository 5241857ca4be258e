import { createMacFetch } from 'withmac/client'
import { check, outcome } from './checks.mjs'

/** Checks a server whose clock is an hour ahead, and a client whose clock is an hour ahead. */
export async function clocks({ credential, at }) {
  const ways = {
    'a string': () => [at.ahead, { method: 'POST', body: 'hello' }],
    'a Request': () => [new Request(at.ahead, { method: 'POST', body: 'hello' })],
    'no body': () => [at.ahead],
  }
  for (const [what, call] of Object.entries(ways)) {
    const sent = counting()
    const macFetch = createMacFetch(credential, { fetch: sent.fetch })
    check(`${what}, sent again`, [await outcome(macFetch(...call())), sent.count], [200, 2])
    check(`${what}, then at once`, [await outcome(macFetch(...call())), sent.count], [200, 3])
    check(`${what}, elsewhere`, [await outcome(macFetch(at.required)), sent.count], [200, 4])
  }
  const stream = () => ({ method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' })
  const macFetch = createMacFetch(credential)
  check('a stream', await outcome(macFetch(at.ahead, stream())), '401 ERR_MAC_TIMESTAMP_STALE')
  check('the next one', await outcome(macFetch(at.ahead, stream())), 200)
  const now = () => Date.now() / 1000 + 3600
  const early = createMacFetch(credential, { now })
  check('a client that is ahead', await outcome(early(at.required)), 200)
}

function counting() {
  const sent = {
    count: 0,
    fetch(input, init) {
      sent.count++
      return fetch(input, init)
    },
  }
  return sent
}
