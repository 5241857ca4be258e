import { createMac } from 'withmac'
import { check, note } from './checks.mjs'
import { clockOf, signedByPeers, signedForm } from './vectors.mjs'
import { same, shownForm } from './visible.mjs'

/**
 * Verifies what other implementations signed, in Requests of this runtime. Its constructor rewrites
 * some: of these the very same signature must be refused.
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
  // A method that the constructor refuses is none that a server of this runtime could show.
  try {
    return new Request(`${scheme}://${host}${target}`, { method, headers })
  } catch {
    return new Request(`${scheme}://${host}${target}`, { headers })
  }
}

/** Some peers took keys that the draft forbids: making one of these must fail. */
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
