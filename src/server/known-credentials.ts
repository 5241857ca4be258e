import type { PreparedKey } from '../protocol/prepared-key.ts'
import type { StoredCredential } from '../store/store.ts'

/** A credential that has signed a request before. */
export interface KnownCredential {
  readonly credential: StoredCredential
  readonly key: PreparedKey
  /** The version of the credentials when it was looked up. */
  readonly version: number
}

/** How many credentials are remembered. */
const MOST = 10_000

/**
 * Remembers credentials whose key has made a right MAC, with their keys prepared, so that their next
 * request needs no look-up. Nobody else can get in here, so strangers cannot fill it.
 *
 * What is remembered is never relied on alone: it counts only where the store, as it records the
 * nonce, finds the credentials at the same version.
 */
export class KnownCredentials {
  readonly #known = new Map<string, KnownCredential>()

  get(id: string): KnownCredential | undefined {
    return this.#known.get(id)
  }

  keep(known: KnownCredential): void {
    const { id } = known.credential
    if (this.#known.size >= MOST && !this.#known.has(id)) {
      const [longest] = this.#known.keys()
      if (longest !== undefined) this.#known.delete(longest)
    }
    this.#known.set(id, known)
  }

  forget(id: string): void {
    this.#known.delete(id)
  }
}
