import { type Kysely, sql } from 'kysely'
import type { Coroutine } from '../connection.ts'
import type { MacDatabase } from '../schema.ts'
import { type Language, SQL } from '../sql-language.ts'
import type { TrafficCount } from '../types.ts'
import {
  ALL,
  HOUR,
  HOURS,
  MINUTE,
  MINUTES,
  startOf,
  type TrafficCounters,
  type TrafficRow,
} from './traffic-counters.ts'

const { lit } = sql

/** Returns the traffic of one credential, or of all: see `Store.traffic`. */
export async function readTraffic(
  db: Kysely<MacDatabase>,
  now: number,
  credential: string | null,
  waiting: TrafficCounters,
): Promise<readonly TrafficCount[]> {
  if (credential === ALL) return []
  const periods = [
    {
      seconds: MINUTE,
      last: startOf(MINUTE, now),
      first: startOf(MINUTE, now) - (MINUTES - 1) * MINUTE,
    },
    { seconds: HOUR, last: startOf(HOUR, now), first: startOf(HOUR, now) - (HOURS - 1) * HOUR },
  ]
  const stored = await db
    .selectFrom('mac_traffic')
    .selectAll()
    .where('credential', '=', credential ?? ALL)
    .where(({ or, and, eb }) =>
      or(
        periods.map(({ seconds, first, last }) =>
          and([eb('seconds', '=', seconds), eb('start', '>=', first), eb('start', '<=', last)]),
        ),
      ),
    )
    .execute()
  const counts = new Map<string, TrafficCount>()
  for (const { seconds, start, code, count } of [...stored, ...waiting.of(credential)]) {
    const period = periods.find((each) => each.seconds === Number(seconds))
    if (period === undefined || start < period.first || start > period.last) continue
    const unit = period.seconds === MINUTE ? 'minute' : 'hour'
    const name = `${unit} ${start} ${code}`
    const before = counts.get(name)?.count ?? 0
    counts.set(name, { start: Number(start), unit, code, count: before + Number(count) })
  }
  return [...counts.values()].sort((a, b) => a.start - b.start)
}

/** Returns the statement that adds counts: those of all requests, and those of credentials that exist. */
function adding(language: Language) {
  const columns = { credential: 'text', seconds: 'bigint', start: 'bigint', code: 'text' } as const
  return sql`with given as (${SQL[language].given({ ...columns, count: 'bigint' }, '[]')})
  insert into mac_traffic (credential, seconds, start, code, count)
  select credential, seconds, start, code, cast(sum(count) as bigint) from given
  where credential = ${lit(ALL)}
    or exists (select 1 from mac_credentials where id = given.credential)
  group by credential, seconds, start, code order by credential, seconds, start, code
  on conflict (credential, seconds, start, code)
  do update set count = mac_traffic.count + excluded.count`
}

/** How long rows are kept after they no longer count, in seconds: for a server whose clock is behind. */
const SLACK = 300

/** Rows that no longer count, and those that a server wrote whose clock was ahead. */
const OUTDATED = sql`(seconds = ${lit(MINUTE)} and start < (select latest from given) - ${lit(MINUTES * MINUTE + SLACK)})
    or (seconds = ${lit(HOUR)} and start < (select latest from given) - ${lit(HOURS * HOUR + SLACK)})
    or (seconds = ${lit(MINUTE)} and start > (select latest from given) + ${lit(HOURS * HOUR)})
    or (seconds = ${lit(HOUR)} and start > (select latest from given) + ${lit(HOURS * HOUR)})`

/** Returns the statement that removes outdated rows, but not those that another transaction changes. */
function removing(language: Language) {
  const condition = SQL[language].locksRows
    ? sql`(credential, seconds, start, code) in (select credential, seconds, start, code
      from mac_traffic where ${OUTDATED} for update of mac_traffic skip locked)`
    : OUTDATED
  return sql`with given (latest) as (select cast(${0} as bigint))
  delete from mac_traffic where ${condition}`
}

/** Returns a function that writes counts, and removes old ones. Its statements are compiled once. */
export function trafficWriter(
  db: Kysely<MacDatabase>,
  language: Language,
): (rows: readonly TrafficRow[]) => Coroutine<void> {
  const [add, remove] = [adding(language).compile(db), removing(language).compile(db)]
  return function* (rows) {
    const values = rows.map(({ credential, seconds, start, code, count }) => [
      ...[credential, seconds, start, code, count],
    ])
    yield { ...add, parameters: [JSON.stringify(values)] }
    const latest = Math.max(...rows.map(({ start }) => start))
    yield { ...remove, parameters: [latest] }
  }
}
