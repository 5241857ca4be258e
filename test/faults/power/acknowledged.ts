import { sealingKeyOf } from '../../support/sealing-keys.ts'

/** How far a credential has come: its key's number, more if it was revoked, and most if it was deleted. */
export type Stage = number

export const REVOKED: Stage = 1000
export const DELETED: Stage = 2000

/** How many keys a credential has one after the other, at most. */
export const MOST_KEYS = 3

/** What takes a while, so that a cut may come in the middle of it. */
export type Doing = 'opening' | 'prune' | 'reseal'

/** What a process notes in its file of acknowledgements, one line of JSON each. */
export type Acknowledgement =
  /** A request that was answered 200. */
  | { readonly id: string; readonly ts: number; readonly nonce: string }
  /** A change of a credential, before it is asked for and when it is acknowledged. */
  | { readonly id: string; readonly asked: Stage }
  | { readonly id: string; readonly reached: Stage }
  | { readonly doing: Doing; readonly state: 'begun' | 'done' | 'failed' }

/** The key that a credential is given, known without asking the library. */
export function keyOf(id: string, number: number): { id: string; key: string } {
  return { id, key: `the key ${number} of ${id}, for tests` }
}

export const URL_SIGNED = 'http://api.example.com/orders?page=1'

/** Sealing keys: processes seal by the first, and open what the second has sealed as well. */
export const SEALING_KEYS: readonly [string, string] = [sealingKeyOf('new'), sealingKeyOf('old')]
