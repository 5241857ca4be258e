import { BoundedMap } from '../bounded-map.ts'
import { type MacAlgorithm, type PreparedKey, prepareKey } from '../protocol/signature.ts'
import type { LookUp, StoredCredential } from '../store/types.ts'

/** One key of a credential that has signed a request before. */
export interface KnownKey {
  readonly credential: StoredCredential
  /** The version of the credentials when it was looked up. */
  readonly version: number
  /** As it is written. */
  readonly text: string
  readonly algorithm: MacAlgorithm
  /** Which of the credential's keys. */
  readonly number: number
  /** The moment from which it is no longer valid; `null` where it is valid as long as the credential. */
  readonly until: number | null
  readonly compute: PreparedKey
  /** When the address of one of the credential's requests was last asked for, in milliseconds since 1970. */
  readonly asked: { at: number }
}

/** All keys of a credential. */
export interface KnownKeys {
  readonly current: KnownKey
  /** The one before, whose grace may have ended. */
  readonly old: KnownKey | null
}

/** Prepares the keys of a credential. */
export function knownKeys(credential: StoredCredential, version: LookUp['version']): KnownKeys {
  const { key, algorithm, keyNumber, oldKey } = credential
  const whose = { credential, version, asked: { at: 0 } }
  const old = oldKey && {
    ...whose,
    ...{ text: oldKey.key, algorithm: oldKey.algorithm, number: keyNumber - 1 },
    ...{ until: oldKey.until, compute: prepareKey(oldKey.algorithm, oldKey.key) },
  }
  const compute = prepareKey(algorithm, key)
  const current = { ...whose, text: key, algorithm, number: keyNumber, until: null, compute }
  return { current, old }
}

/** How many credentials are remembered: the half that signed last in any case. */
const MOST = 20_000
/** How many of them can be decoys. */
const DECOYS = 1024

/**
 * Remembers credentials of which a key has made a right MAC, with their keys prepared, so that their
 * next request needs no look-up. Nobody else can get in here, so strangers cannot fill it.
 * Where there are too many, those go whose last right MAC was the longest ago.
 *
 * What is remembered is never relied on alone: it counts only where the store, as it records the
 * nonce, finds the credentials at the same version.
 */
export class KnownCredentials {
  readonly #known = new BoundedMap<string, KnownKeys>(MOST)
  /** Those that were remembered last. They may be forgotten since. */
  readonly #decoys: KnownKeys[] = []
  #kept = 0

  /** The keys of a credential. To name it is no use of it, which anybody can do. */
  get(id: string): KnownKeys | undefined {
    return this.#known.peek(id)
  }

  has(id: string): boolean {
    return this.#known.has(id)
  }

  /** Is told of a right MAC. */
  used({ credential }: KnownKey): void {
    this.#known.get(credential.id)
  }

  /**
   * The keys of another credential, to do the same work with if this one is not remembered: what nobody
   * used for a while is slow to get at, and fixed decoys would show by their speed. Always the same for
   * one identifier, as its own would be; `undefined` if none was remembered yet.
   */
  decoyFor(id: string): KnownKeys | undefined {
    let sum = 0
    for (let at = 0; at < id.length; at++) sum = (sum * 31 + id.charCodeAt(at)) | 0
    return this.#decoys[(sum >>> 0) % this.#decoys.length]
  }

  keep(known: KnownKeys): void {
    this.#decoys[this.#kept++ % DECOYS] = known
    this.#known.set(known.current.credential.id, known)
  }

  forget(id: string): void {
    this.#known.delete(id)
  }
}
