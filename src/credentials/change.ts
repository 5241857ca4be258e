import { optionsOf } from '../read-options.ts'
import type { KeylessCredential, OpenCredentials } from '../store/types.ts'
import type { RateLimit } from '../types.ts'
import type { Credential } from './credential.ts'
import { checkNotRevoked, edited, endingAt } from './editing.ts'
import { endOf, label, moment, rateLimit, scopes } from './fields.ts'
import { readInput } from './input.ts'

/** What of a credential can be changed at any time. What is left out stays as it is. */
export interface CredentialChanges {
  /** A note for people. */
  readonly label?: string | null | undefined
  /** What it may be used for: all of it, not only what is new. */
  readonly scopes?: readonly string[] | undefined
  /** A limit of its own, or `null` for the same as all. */
  readonly rateLimit?: RateLimit | null | undefined
}

const changesSchema = optionsOf({
  label: label.optional(),
  scopes: scopes.optional(),
  rateLimit: rateLimit.optional(),
})

/** Moves the end of a credential, also of one that has expired. */
export async function extendCredential(
  open: OpenCredentials,
  now: number,
  id: string,
  expires: Date | number | null,
): Promise<Credential> {
  const end = endOf(readInput('extendCredential', moment, expires, 'expires'), now)
  if (end !== null && end <= now) {
    throw new TypeError(
      'withmac: extendCredential: expires is over already. revokeCredential or disableCredential end it.',
    )
  }
  return edited(open, now, id, (credential) => {
    checkNotRevoked(credential)
    const { expires: before } = credential
    if (before === end) return null
    const detail = { from: before, to: end }
    return { credential: endingAt(credential, end), action: 'extended', detail }
  })
}

/** Takes a credential out of use from its next request on, until it is enabled again. */
export function disableCredential(
  open: OpenCredentials,
  now: number,
  id: string,
): Promise<Credential> {
  return edited(open, now, id, (credential) => {
    checkNotRevoked(credential)
    if (credential.disabled !== null) return null
    return { credential: { ...credential, disabled: now }, action: 'disabled', detail: {} }
  })
}

/** Takes a credential into use again. */
export function enableCredential(
  open: OpenCredentials,
  now: number,
  id: string,
): Promise<Credential> {
  return edited(open, now, id, (credential) => {
    checkNotRevoked(credential)
    const { disabled } = credential
    if (disabled === null) return null
    return {
      credential: { ...credential, disabled: null },
      action: 'enabled',
      detail: { disabled },
    }
  })
}

/** Makes a credential worthless from its next request on. It stays in the list. */
export function revokeCredential(
  open: OpenCredentials,
  now: number,
  id: string,
): Promise<Credential> {
  return edited(open, now, id, (credential) => {
    if (credential.revoked !== null) return null
    // What is revoked is worth keeping, and no key of it is worth anything.
    const after = { ...credential, revoked: now, removeAt: null }
    return { credential: after, action: 'revoked', detail: {} }
  })
}

/**
 * Checks changes. Those that are left out are not among them.
 * @throws TypeError
 */
export function readChanges(
  changes: CredentialChanges,
): Partial<Pick<KeylessCredential, keyof CredentialChanges>> {
  const given = readInput('updateCredential', changesSchema, changes)
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

/** Changes what of a credential can be changed at any time. */
export async function updateCredential(
  open: OpenCredentials,
  now: number,
  id: string,
  changes: CredentialChanges,
): Promise<Credential> {
  const wanted = readChanges(changes)
  return edited(open, now, id, (credential) => {
    const before = Object.fromEntries(
      Object.keys(wanted).map((name) => [name, credential[name as keyof CredentialChanges]]),
    )
    if (JSON.stringify(before) === JSON.stringify(wanted)) return null
    const detail = { from: before, to: wanted }
    return { credential: { ...credential, ...wanted }, action: 'changed', detail }
  })
}
