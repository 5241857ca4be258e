import { Limits } from '../src/limits/limits.ts'
import { keepSeconds } from '../src/server/freshness.ts'
import type { MacIdentity } from '../src/server/identity.ts'
import { KnownCredentials } from '../src/server/known-credentials.ts'
import { Pruning } from '../src/server/pruning.ts'
import { verify } from '../src/server/verify.ts'
import { macSettings } from '../src/settings.ts'
import type { KeyPair, Store, StoredCredential } from '../src/store/store.ts'

// All that the benches know of the library, its public face and what is inside.
export { createMac, type Mac, type MacOptions } from '../src/index.ts'
export { createTokenEndpoint, secretsAreEqual } from '../src/oauth/index.ts'
export { computeMac, macsAreEqual } from '../src/protocol/algorithm.ts'
export { parseAuthorization } from '../src/protocol/authorization.ts'
export { prepareKey } from '../src/protocol/prepared-key.ts'
export { requestString } from '../src/protocol/request-string.ts'

/** How much of a commit is on disk when a request is let in. */
export type Durability = 'normal' | 'full'

/**
 * The whole verification but for the store: the credential is in a Map, and nonces are recorded
 * nowhere, so that a replay passes.
 */
export function verifierWithoutStore(
  id: string,
  key: string,
): (request: Request) => Promise<MacIdentity | null> {
  const settings = macSettings({ database: 'sqlite::memory:' })
  const known = new Map([[id, credential(id, key)]])
  const version = 1
  const store = {
    credentials: {
      lookUpKeys: async (sent: string) => keysOf(known.get(sent)),
      lookUp: async (sent: string) => ({ credential: known.get(sent) ?? null, version }),
    },
    nonces: { record: async () => ({ verdict: 'new', version }), prune: async () => 0 },
  } as unknown as Store
  const verifier = {
    settings,
    pruning: new Pruning(keepSeconds(settings)),
    known: new KnownCredentials(),
    limits: new Limits(settings.rateLimit),
    store: () => store,
  }
  return async (request) => {
    const verdict = await verify(request, settings, verifier)
    return verdict.ok ? verdict.identity : null
  }
}

/** Of a bench's credential; none of them asks for one that does not exist. */
function keysOf({ key, algorithm } = credential('', '')): KeyPair {
  const current = { exists: true, text: key, algorithm }
  return { current, old: { ...current, exists: false } }
}

function credential(id: string, key: string): StoredCredential {
  return {
    ...{ id, key, user: 'ada', algorithm: 'hmac-sha-256', label: null, created: 0 },
    ...{ expires: null, revoked: null, disabled: null, clockOffset: null, scopes: [] },
    ...{ rateLimit: null, keyNumber: 1, rotated: null, oldKey: null, removeAt: null },
  }
}
