import type { Kysely } from 'kysely'
import type { MacDatabase } from '../schema.ts'
import type { Usage } from '../types.ts'
import type { FailureCounts } from './failure-counts.ts'

/** An hour, by which failures are counted, and how many of them are told: the last 24 hours. */
const HOUR = 3600
export const HOURS = 24

/** Of a credential of which no use is known. */
export const UNUSED: Usage = Object.freeze({ used: new Map<number, number>(), failures: 0 })

/** The hour of a moment. */
export function hourOf(seconds: number): number {
  return Math.floor(seconds / HOUR)
}

/**
 * What is known of the use of one credential, or of all, by their identifiers.
 * @param waiting What this process counted and has not written yet.
 */
export async function readUsage(
  db: Kysely<MacDatabase>,
  now: number,
  id: string | null,
  waiting: FailureCounts,
): Promise<ReadonlyMap<string, Usage>> {
  let uses = db.selectFrom('mac_usage').selectAll()
  let failures = db
    .selectFrom('mac_failures')
    .select(['credential', (build) => build.fn.sum<number>('count').as('count')])
    .where('hour', '>', hourOf(now) - HOURS)
    .groupBy('credential')
  if (id !== null) {
    uses = uses.where('credential', '=', id)
    failures = failures.where('credential', '=', id)
  }
  const usage = new Map<string, { used: Map<number, number>; failures: number }>()
  const of = (credential: string) => {
    const known = usage.get(credential) ?? { used: new Map<number, number>(), failures: 0 }
    usage.set(credential, known)
    return known
  }
  for (const { credential, key_number, used } of await uses.execute()) {
    of(credential).used.set(Number(key_number), Number(used))
  }
  for (const { credential, count } of await failures.execute()) {
    of(credential).failures = Number(count)
  }
  for (const { credential, hour, count } of waiting.of(id)) {
    if (hour > hourOf(now) - HOURS) of(credential).failures += count
  }
  return usage
}

/** Forgets the use of credentials, of which others of the same identifiers know nothing. */
export async function forgetUsage(db: Kysely<MacDatabase>, ids: readonly string[]): Promise<void> {
  await db.deleteFrom('mac_usage').where('credential', 'in', ids).execute()
  await db.deleteFrom('mac_failures').where('credential', 'in', ids).execute()
}
