import { type Kysely, sql } from 'kysely'
import type { Coroutine } from '../connection.ts'
import type { MacDatabase } from '../schema.ts'
import { type Language, SQL } from '../sql-language.ts'
import type { Usage } from '../types.ts'
import { trafficWriter } from './traffic-table.ts'
import { type Due, type FailureCounts, hourOf } from './usage-counters.ts'

/** For how many hours failures are counted. */
const HOURS = 24

/** The usage of a credential that was never used. */
export const UNUSED: Usage = Object.freeze({ used: new Map<number, number>(), failures: 0 })

/**
 * Returns the usage of some credentials, or of all, by identifier.
 * @param ids The identifiers; `null` for all.
 * @param waiting The failures that this process has not written yet.
 */
export async function readUsage(
  db: Kysely<MacDatabase>,
  now: number,
  ids: readonly string[] | null,
  waiting: FailureCounts,
): Promise<ReadonlyMap<string, Usage>> {
  if (ids?.length === 0) return new Map()
  let uses = db.selectFrom('mac_usage').selectAll()
  let failures = db
    .selectFrom('mac_failures')
    .selectAll()
    .where('hour', '>', hourOf(now) - HOURS)
  if (ids !== null) {
    uses = uses.where('credential', 'in', ids)
    failures = failures.where('credential', 'in', ids)
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
  for (const { credential, hour, count } of [...(await failures.execute()), ...waiting.of(ids)]) {
    if (Number(hour) > hourOf(now) - HOURS) of(credential).failures += Number(count)
  }
  return usage
}

/** The tables of usage, with their keys. */
const USAGE_TABLES = [
  ['mac_usage', 'credential', 'key_number'],
  ['mac_failures', 'credential', 'hour'],
  ['mac_traffic', 'credential', 'seconds', 'start', 'code'],
] as const

/** Removes the usage of credentials, so that new credentials with the same identifiers start without it. */
export async function forgetUsage(
  db: Kysely<MacDatabase>,
  language: Language,
  ids: readonly string[],
): Promise<void> {
  if (SQL[language].locksRows) {
    // In the order in which usage is written. Otherwise two transactions could wait for each other.
    for (const [table, ...columns] of USAGE_TABLES) {
      await sql`select 1 from ${sql.table(table)} where credential in (${sql.join(ids)})
        order by ${sql.join(columns.map((name) => sql.ref(name)))} for update`.execute(db)
    }
  }
  await db.deleteFrom('mac_usage').where('credential', 'in', ids).execute()
  await db.deleteFrom('mac_failures').where('credential', 'in', ids).execute()
  await db.deleteFrom('mac_traffic').where('credential', 'in', ids).execute()
}

/**
 * A stored use that is later than a new one by more than this was written by a clock that was ahead, and is
 * overwritten. The clocks of several servers, and batches that wait, differ by less.
 */
const CLOCKS_DIFFER_SECONDS = 3600

/**
 * Returns the statement that writes uses of keys that are still valid. A credential may have been revoked since
 * the MAC was verified, which is noticed only after the nonce was recorded.
 */
function writingUses(language: Language) {
  const columns = { credential: 'text', key_number: 'bigint', used: 'bigint' } as const
  return sql`with given as (${SQL[language].given(columns, '[]')})
  insert into mac_usage (credential, key_number, used)
  select credential, key_number, used from given where exists (
    select 1 from mac_credentials as known where known.id = given.credential
    and known.revoked is null and known.disabled is null
    and (known.expires is null or known.expires > given.used)
    and (known.key_number = given.key_number or
      (known.key_number = given.key_number + 1 and known.old_until > given.used)))
  order by credential, key_number
  on conflict (credential, key_number) do update set used = excluded.used
  where excluded.used > mac_usage.used or mac_usage.used > excluded.used + ${sql.lit(CLOCKS_DIFFER_SECONDS)}`
}

/** Returns the statements that add failures, and that remove those that no longer count. */
function changingFailures(language: Language) {
  const { given, locksRows } = SQL[language]
  const columns = { credential: 'text', hour: 'bigint', count: 'bigint' } as const
  const add = sql`with given as (${given(columns, '[]')})
  insert into mac_failures (credential, hour, count)
  select credential, hour, cast(sum(count) as bigint) from given
  where exists (select 1 from mac_credentials where id = given.credential)
  group by credential, hour order by credential, hour
  on conflict (credential, hour) do update set count = mac_failures.count + excluded.count`
  // One more hour is kept, for a server whose clock is behind.
  const remove = sql`with given as (${given(columns, '[]')})
  delete from mac_failures where (credential, hour) in (
    select old.credential, old.hour from given
    join mac_failures as old on old.credential = given.credential
    and old.hour < given.hour - ${sql.lit(HOURS)}
    ${sql.raw(locksRows ? 'for update of old skip locked' : '')})`
  return [add, remove]
}

/**
 * Returns a function that writes what is due, for credentials that exist. Its statements are compiled
 * once.
 */
export function usageWriter(
  db: Kysely<MacDatabase>,
  language: Language,
): (due: Due) => Coroutine<void> {
  const writeUses = writingUses(language).compile(db)
  const changeFailures = changingFailures(language).map((statement) => statement.compile(db))
  const writeTraffic = trafficWriter(db, language)
  return function* ({ uses, failures, traffic }) {
    if (uses.length > 0) {
      yield { ...writeUses, parameters: [JSON.stringify(lastOfEach(uses))] }
    }
    if (failures.length > 0) {
      const rows = failures.map(({ credential, hour, count }) => [credential, hour, count])
      for (const query of changeFailures) yield { ...query, parameters: [JSON.stringify(rows)] }
    }
    if (traffic.length > 0) yield* writeTraffic(traffic)
  }
}

/** Returns the rows of uses. If a key is there several times, the last use counts. */
function lastOfEach(uses: Due['uses']): readonly (readonly [string, number, number])[] {
  const rows = new Map<string, readonly [string, number, number]>()
  for (const { credential, keyNumber, used } of uses) {
    rows.set(`${keyNumber} ${credential}`, [credential, keyNumber, used])
  }
  return [...rows.values()]
}
