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

/** The credential with this key identifier, or `null`. */
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

/** All credentials, or one user's, oldest first. */
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
 * Removes a credential. Its nonces stay, for the case that it comes back with the same key, and a row
 * of the history.
 */
export async function deleteCredential(
  open: OpenCredentials,
  now: number,
  id: string,
): Promise<void> {
  const known = readId(id)
  if (!(await (await open()).remove(known, now))) throw unknown(known)
}

/** Forgets what was learned of the client's clock: the next request teaches it anew. */
export async function resetClockOffset(open: OpenCredentials, id: string): Promise<void> {
  const known = readId(id)
  if (!(await (await open()).resetClock(known))) throw unknown(known)
}

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
export async function revokeCredential(
  open: OpenCredentials,
  now: number,
  id: string,
): Promise<void> {
  const known = readId(id)
  const after = await (await open()).edit(known, now, (credential) => {
    if (credential.revoked !== null) return null
    // What is revoked is worth keeping, and no key of it is worth anything.
    const revoked = { ...credential, revoked: now, removeAt: null }
    return { credential: revoked, action: 'revoked', detail: {} }
  })
  if (after === null) throw unknown(known)
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

/**
 * Changes a credential, and shows it as it is afterwards.
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

/** A credential whose end was moved. Who goes by itself goes as long after its end as it would have. */
export function endingAt(credential: KeylessCredential, end: number | null): KeylessCredential {
  const { expires, removeAt } = credential
  const stays = removeAt === null || expires === null || end === null
  return { ...credential, expires: end, removeAt: stays ? null : removeAt - expires + end }
}

/** @throws {@link MacError} `ERR_MAC_CREDENTIAL_ENDED`: nothing brings a revoked one back. */
export function checkNotRevoked({ id, revoked }: KeylessCredential): void {
  if (revoked === null) return
  throw new MacError(
    'ERR_MAC_CREDENTIAL_ENDED',
    `The credential ${JSON.stringify(id)} was revoked, which cannot be taken back. Make a new one.`,
  )
}

/** What is told of an identifier that nobody has. */
export function unknown(id: string): MacError {
  return new MacError(
    'ERR_MAC_CREDENTIAL_UNKNOWN',
    `There is no credential ${JSON.stringify(id)}. listCredentials() tells which there are.`,
  )
}

/** What was done to a credential at some time. It stays when the credential is deleted. */
export interface CredentialEvent {
  /** Counts up from 1 through all events. */
  readonly number: number
  readonly at: Date
  readonly action: AuditAction
  /** The MAC key identifier. */
  readonly id: string
  readonly user: string
  /** What else is known, by its names; moments are seconds since 1970. Never a key. */
  readonly detail: Readonly<Record<string, unknown>>
}

/** Which events are wanted. */
export interface HistoryFilter {
  /** The MAC key identifier. Default: all. */
  readonly id?: string | undefined
  /** Default: all. */
  readonly user?: User | undefined
  /** How many at the most, the latest. Default: 1,000. */
  readonly limit?: number | undefined
}

const historySchema = optionsOf({
  id: z.string().optional(),
  user: z.unknown().optional(),
  limit: z.int().min(1).max(1_000_000).default(1000),
})

/**
 * Checks a filter; `null` is for all.
 * @throws TypeError
 */
export function readHistoryFilter(filter: HistoryFilter): AuditFilter {
  const { id = null, user, limit } = readInput('credentialHistory', historySchema, filter)
  // Nobody is called so, and of nobody nothing is known: as in a list.
  const whose = user === undefined || user === '' ? user : readUser(user, 'credentialHistory')
  return { credential: id, user: whose ?? null, limit }
}

/** What was done to credentials, the latest first. */
export async function credentialHistory(
  open: OpenCredentials,
  filter: HistoryFilter = {},
): Promise<CredentialEvent[]> {
  const query = readHistoryFilter(filter)
  const rows = await (await open()).history(query)
  return rows.map(({ number, at, action, credential, user, detail }) =>
    Object.freeze({ number, at: new Date(at * 1000), action, id: credential, user, detail }),
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
 * Brings all keys under the current sealing key.
 * @throws TypeError where an option cannot be used, or there is no sealing key.
 */
export async function resealCredentials(
  open: () => Promise<Store>,
  options: ResealOptions,
): Promise<Resealed> {
  const given = readInput('reseal', resealSchema, options)
  return (await open()).reseal(given)
}
