import { sealingKeyOf } from '../../support/sealing-keys.ts'

/** The stage of a credential: the number of its key, `REVOKED` or `DELETED`. It only grows. */
export type Stage = number

export const REVOKED: Stage = 1000
export const DELETED: Stage = 2000

/** How many keys a credential gets one after the other, at most. */
export const MOST_KEYS = 3

/** Work that takes a while, so that the power can be cut in the middle of it. */
export type Doing = 'opening' | 'prune' | 'reseal'

/** A line of JSON in a process's file of acknowledgements. */
export type Acknowledgement =
  /** A request that was answered 200. */
  | { readonly id: string; readonly ts: number; readonly nonce: string }
  /** A change of a credential: before it is requested, and after it is acknowledged. */
  | { readonly id: string; readonly asked: Stage }
  | { readonly id: string; readonly reached: Stage }
  | { readonly doing: Doing; readonly state: 'begun' | 'done' | 'failed' }

/** @returns A key of a credential, known without the library. */
export function keyOf(id: string, number: number): { id: string; key: string } {
  return { id, key: `the key ${number} of ${id}, for tests` }
}

export const URL_SIGNED = 'http://api.example.com/orders?page=1'

/** Sealing keys: processes seal with the first, and can also open what the second has sealed. */
export const SEALING_KEYS: readonly [string, string] = [sealingKeyOf('new'), sealingKeyOf('old')]
