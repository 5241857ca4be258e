import { z } from 'zod'
import { MacError } from '../errors.ts'
import { optionsOf } from '../read-options.ts'
import type {
  AuditFilter,
  Edit,
  KeylessCredential,
  OpenCredentials,
  Store,
} from '../store/types.ts'
import type { AuditAction, RateLimit, Resealed, ResealOptions } from '../types.ts'
import { type Credential, fromStored } from './credential.ts'
import {
  endOf,
  label,
  moment,
  rateLimit,
  readFilter,
  readId,
  readInput,
  readUser,
  scopes,
  type User,
} from './validate.ts'

/** Returns the credential with this key identifier, or `null`. */
export async function getCredential(
  open: OpenCredentials,
  now: number,
  id: string,
): Promise<Credential | null> {
  const known = readId(id)
  const store = await open()
  const stored = await store.find(known)
  return stored === null ? null : fromStored(stored, (await store.usage(now, id)).get(id))
}

/** Returns all credentials, or those of one user, oldest first. */
export async function listCredentials(
  open: OpenCredentials,
  now: number,
  filter: unknown,
): Promise<Credential[]> {
  const user = readFilter(filter)
  const store = await open()
  const found = await store.list(user)
  const usage = await store.usage(now, null)
  return found.map((stored) => fromStored(stored, usage.get(stored.id)))
}

/**
 * Removes a credential. Its nonces stay, because it may be created again with the same key. Its history
 * stays too.
 */
export async function deleteCredential(
  open: OpenCredentials,
  now: number,
  id: string,
): Promise<void> {
  const known = readId(id)
  if (!(await (await open()).remove(known, now))) throw unknown(known)
}

/** Forgets the learned offset of the client's clock. The next request sets it again. */
export async function resetClockOffset(open: OpenCredentials, id: string): Promise<void> {
  const known = readId(id)
  if (!(await (await open()).resetClock(known))) throw unknown(known)
}

/** Changes for `updateCredential`. Properties that are left out stay as they are. */
export interface CredentialChanges {
  /** A note for people. */
  readonly label?: string | null | undefined
  /** The scopes it has from now on. They replace the earlier ones. */
  readonly scopes?: readonly string[] | undefined
  /** A rate limit for this credential only, or `null` for the limit of all credentials. */
  readonly rateLimit?: RateLimit | null | undefined
}

const changesSchema = optionsOf({
  label: label.optional(),
  scopes: scopes.optional(),
  rateLimit: rateLimit.optional(),
})

/** Changes when a credential expires. It may have expired already. */
export async function extendCredential(
  open: OpenCredentials,
  now: number,
  id: string,
  expires: Date | number | null,
): Promise<Credential> {
  const end = endOf(readInput('extendCredential', moment, expires, 'expires'), now)
  if (end !== null && end <= now) {
    throw new TypeError(
      'withmac: extendCredential: expires is in the past. To end the credential now, call revokeCredential or disableCredential.',
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

/** Disables a credential: its requests are rejected from the next one on, until it is enabled again. */
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

/** Enables a disabled credential. */
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

/** Revokes a credential for good: its requests are rejected from the next one on. It stays in the list. */
export async function revokeCredential(
  open: OpenCredentials,
  now: number,
  id: string,
): Promise<void> {
  const known = readId(id)
  const after = await (await open()).edit(known, now, (credential) => {
    if (credential.revoked !== null) return null
    // A revoked credential is kept as a record, so it is no longer removed after its end.
    const revoked = { ...credential, revoked: now, removeAt: null }
    return { credential: revoked, action: 'revoked', detail: {} }
  })
  if (after === null) throw unknown(known)
}

/**
 * Checks the changes. The result does not contain properties that were left out.
 * @throws TypeError
 */
export function readChanges(
  changes: CredentialChanges,
): Partial<Pick<KeylessCredential, keyof CredentialChanges>> {
  const given = readInput('updateCredential', changesSchema, changes)
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

/** Changes the label, the scopes or the rate limit of a credential. */
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

/**
 * Changes a credential, and returns it as it is afterwards.
 * @throws {@link MacError} `ERR_MAC_CREDENTIAL_UNKNOWN`
 */
export async function edited(
  open: OpenCredentials,
  now: number,
  id: string,
  edit: Edit,
): Promise<Credential> {
  const known = readId(id)
  const store = await open()
  const credential = await store.edit(known, now, edit)
  if (credential === null) throw unknown(id)
  const usage = await store.usage(now, id)
  return fromStored(credential, usage.get(id))
}

/** A credential with a new end. If it removes itself, the time from its end to its removal stays the same. */
export function endingAt(credential: KeylessCredential, end: number | null): KeylessCredential {
  const { expires, removeAt } = credential
  const stays = removeAt === null || expires === null || end === null
  return { ...credential, expires: end, removeAt: stays ? null : removeAt - expires + end }
}

/** @throws {@link MacError} `ERR_MAC_CREDENTIAL_ENDED` if it was revoked, which cannot be undone. */
export function checkNotRevoked({
  id,
  revoked,
}: {
  readonly id: string
  readonly revoked: number | Date | null
}): void {
  if (revoked === null) return
  throw new MacError(
    'ERR_MAC_CREDENTIAL_ENDED',
    `The credential ${JSON.stringify(id)} was revoked, which cannot be undone. Create a new one.`,
  )
}

/** The error for an identifier that no credential has. */
export function unknown(id: string): MacError {
  return new MacError(
    'ERR_MAC_CREDENTIAL_UNKNOWN',
    `There is no credential ${JSON.stringify(id)}. listCredentials() returns those that exist.`,
  )
}

/** A change of a credential, from `credentialHistory`. It stays when the credential is deleted. */
export interface CredentialEvent {
  /** The number of the event: 1 for the first of all events, one more for each. */
  readonly number: number
  readonly at: Date
  readonly action: AuditAction
  /** The MAC key identifier. */
  readonly id: string
  readonly user: string
  /** More about the event, by name. Times are in seconds since 1970. It never contains a key. */
  readonly detail: Readonly<Record<string, unknown>>
  /** The person who made the change with a tool such as the admin page; `null` if code made it. */
  readonly actor: string | null
}

/** The options of `credentialHistory`: which events to return. */
export interface HistoryFilter {
  /** The MAC key identifier. Default: all. */
  readonly id?: string | undefined
  /** Default: all. */
  readonly user?: User | undefined
  /** Returns at most so many events, the latest. Default: 1,000. */
  readonly limit?: number | undefined
}

const historySchema = optionsOf({
  id: z.string().optional(),
  user: z.unknown().optional(),
  limit: z.int().min(1).max(1_000_000).default(1000),
})

/**
 * Checks a filter. In the result, `null` stands for all.
 * @throws TypeError
 */
export function readHistoryFilter(filter: HistoryFilter): AuditFilter {
  const { id = null, user, limit } = readInput('credentialHistory', historySchema, filter)
  // No user has an empty name, so the result is empty, as it is in listCredentials.
  const whose = user === undefined || user === '' ? user : readUser(user, 'credentialHistory')
  const rest = { action: null, actor: null, from: null, to: null, before: null }
  return { credential: id, user: whose ?? null, ...rest, limit }
}

/** Returns the changes of credentials, the latest first. */
export async function credentialHistory(
  open: OpenCredentials,
  filter: HistoryFilter = {},
): Promise<CredentialEvent[]> {
  const query = readHistoryFilter(filter)
  const rows = await (await open()).history(query)
  return rows.map(({ number, at, action, credential: id, user, detail, actor }) =>
    Object.freeze({ number, at: new Date(at * 1000), action, id, user, detail, actor }),
  )
}

const resealSchema = optionsOf({
  onProgress: z
    .custom<NonNullable<ResealOptions['onProgress']>>(
      (value) => typeof value === 'function',
      'must be a function',
    )
    .optional(),
  vacuum: z.boolean().optional(),
})

/**
 * Encrypts all keys with the current sealing key.
 * @throws TypeError if an option is not valid, or there is no sealing key.
 */
export async function resealCredentials(
  open: () => Promise<Store>,
  options: ResealOptions,
): Promise<Resealed> {
  const given = readInput('reseal', resealSchema, options)
  return (await open()).reseal(given)
}
