import { z } from 'zod'
import { optionsOf } from '../read-options.ts'
import type { AuditFilter, OpenCredentials } from '../store/types.ts'
import type { AuditAction } from '../types.ts'
import { readInput, readUser, type User } from './input.ts'

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

const filterSchema = optionsOf({
  id: z.string().optional(),
  user: z.unknown().optional(),
  limit: z.int().min(1).max(1_000_000).default(1000),
})

/**
 * Checks a filter; `null` is for all.
 * @throws TypeError
 */
export function readHistoryFilter(filter: HistoryFilter): AuditFilter {
  const { id = null, user, limit } = readInput('credentialHistory', filterSchema, filter)
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
