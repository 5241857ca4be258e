import { createMac } from 'withmac'
import { check, note } from './checks.mjs'
import { clockOf, signedByPeers, signedForm } from './vectors.mjs'
import { same, shownForm } from './visible.mjs'

/**
 * Verifies requests that other implementations signed, as Requests of this runtime. Its constructor rewrites
 * some of them. Their signature must be rejected.
 */
export async function peers() {
  let asSigned = 0
  let rewritten = 0
  for (const vector of signedByPeers()) {
    const request = requestOf(vector)
    const untouched = same(signedForm(vector), shownForm(request, false))
    if (untouched) asSigned++
    else rewritten++
    const wanted = vector.right && untouched
    const mac = createMac({ database: 'sqlite::memory:', now: () => clockOf(vector) })
    try {
      if (!(await createPeer(mac, vector))) continue
      check(`${vector.name}`, (await mac.verify(request)).ok, wanted)
      check(`${vector.name} again`, (await mac.verify(request)).ok, false)
    } finally {
      await mac.close()
    }
  }
  note(`peers' requests: ${asSigned} as signed, ${rewritten} rewritten by the Request constructor`)
}

function requestOf({ method, scheme, host_header: host, target, authorization }) {
  const headers = new Headers({ host })
  headers.set('authorization', authorization)
  // If the constructor refuses a method, a server of this runtime cannot show it either.
  try {
    return new Request(`${scheme}://${host}${target}`, { method, headers })
  } catch {
    return new Request(`${scheme}://${host}${target}`, { headers })
  }
}

/** Creates the credential of a peer. Some peers used keys that the draft forbids: these must fail. */
async function createPeer(mac, { name, id, key, algorithm }) {
  const options = { id, key, allowShortKey: true, algorithm, expires: null }
  const made = await mac.createCredential('peer', options).then(
    () => true,
    (error) => error instanceof TypeError && 'TypeError',
  )
  const allowed = !/["\\]/.test(key)
  check(`${name}: its credential`, made, allowed || 'TypeError')
  return allowed
}
