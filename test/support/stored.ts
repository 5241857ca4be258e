import type { StoredCredential } from '../../src/store/types.ts'

/** @returns A credential in the form of the store. It never expires, unless `given` says so. */
export function stored(id: string, given: Partial<StoredCredential> = {}): StoredCredential {
  return {
    ...{ id, user: 'ada', key: `key of ${id}`, algorithm: 'hmac-sha-256', label: null },
    ...{ created: 0, expires: null, revoked: null, disabled: null, clockOffset: null, scopes: [] },
    ...{ rateLimit: null, keyNumber: 1, rotated: null, oldKey: null, removeAt: null },
    ...given,
  }
}
