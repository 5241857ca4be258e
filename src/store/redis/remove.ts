import { type RedisConnection, runScript } from './client.ts'
import { BUCKETS, REMOVE, SECONDS } from './script.ts'
import { type Shard, setOf } from './shards.ts'

/** How many seconds are removed with one command: so few that it takes Redis about a millisecond. */
const SECONDS_AT_ONCE = 8

interface Redis {
  readonly connection: RedisConnection
  readonly shards: readonly Shard[]
}

/**
 * Removes the nonces of the earliest seconds until `limit` are removed, and raises the floor of all shards above
 * them. It keeps those from `earliest` on.
 *
 * @returns How many were removed.
 */
export async function removeBelow(redis: Redis, earliest: number, limit: number): Promise<number> {
  const { connection, shards } = redis
  const counts = await Promise.all(shards.map((shard) => countsOf(connection, shard)))
  const total = new Map<number, number>()
  for (const [second, count] of counts.flatMap((each) => [...each])) {
    if (second < earliest) total.set(second, (total.get(second) ?? 0) + count)
  }
  const due: number[] = []
  let chosen = 0
  for (const [second, count] of [...total].sort(([one], [other]) => one - other)) {
    if (chosen >= limit) break
    chosen += count
    due.push(second)
  }
  const last = due.at(-1)
  if (last === undefined) return 0
  const removed = await Promise.all(
    shards.map((shard, at) => {
      const here = due.filter((second) => counts[at]?.has(second))
      return removeFrom(connection, shard, last + 1, here)
    }),
  )
  return removed.reduce((sum, count) => sum + count, 0)
}

/** Returns how many nonces each second has. */
async function countsOf(
  connection: RedisConnection,
  { seconds }: Shard,
): Promise<ReadonlyMap<number, number>> {
  const answer = (await runScript(connection, SECONDS, [seconds], [])) as readonly unknown[]
  const counts = new Map<number, number>()
  for (let at = 0; at < answer.length; at += 2) {
    counts.set(Number(answer[at]), Number(answer[at + 1]))
  }
  return counts
}

/** Raises the floor of a shard, and removes the nonces of these seconds, which are below it. */
async function removeFrom(
  connection: RedisConnection,
  shard: Shard,
  floor: number,
  due: readonly number[],
): Promise<number> {
  let removed = 0
  let at = 0
  do {
    const some = due.slice(at, at + SECONDS_AT_ONCE)
    const keys = [shard.state, shard.seconds, ...some.flatMap((second) => allSets(shard, second))]
    const values = [floor, ...some].map(String)
    removed += Number(await runScript(connection, REMOVE, keys as [string, ...string[]], values))
    at += SECONDS_AT_ONCE
  } while (at < due.length)
  return removed
}

function allSets(shard: Shard, second: number): string[] {
  return Array.from({ length: BUCKETS }, (_, bucket) => setOf(shard, second, bucket))
}
