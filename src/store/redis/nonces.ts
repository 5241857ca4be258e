import type { CompiledQuery } from 'kysely'
import { agreedKeepSeconds } from '../nonce-expiry.ts'
import {
  enterRedis,
  homeOf,
  IN_ANOTHER_REDIS,
  IN_DATABASE,
  leaveDatabase,
  leaveOtherRedis,
  type NoncePlace,
  PLACE,
  placeOf,
  readPlace,
} from '../nonce-switch.ts'
import { sha256Hex } from '../sha256.ts'
import type { HashedNonce, SharedEngine } from '../shared-nonces.ts'
import type { StoreParts } from '../store-parts.ts'
import { type Recorded, SEEN } from '../types.ts'
import { type RedisConnection, runScript } from './client.ts'
import type { EvictionWatch } from './eviction.ts'
import { redisError } from './redis-failure.ts'
import { removeBelow } from './remove.ts'
import { RECORD } from './script.ts'
import { type Shard, setOf, shardOf } from './shards.ts'

/** A command takes as many nonces as a batch of the journal. */
const LARGEST_BATCH = 512
const STATE_LOST = 'it has lost its state, and nonces with it: try again'
/** What the script needs to know of nonces that this Redis has never seen. */
type Start = 'first' | 'lost' | 'again' | ''

/** What {@link RedisNonces} is made of. */
interface RedisParts {
  readonly connection: RedisConnection
  readonly shards: readonly Shard[]
  readonly eviction: EvictionWatch
  /** The start of error messages, such as `The Redis cache.example:6379`. */
  readonly nameInErrors: string
  readonly label: string
  /** How far ahead of the clock of Redis a timestamp may be, in seconds. */
  readonly ahead: number
}

/**
 * Keeps nonces in Redis. Credentials stay in the database, and with each batch, the version of the credentials is
 * read there.
 *
 * For each second of timestamps, a shard has sets of numbers: 64 bits of a hash with a secret salt. If two are
 * equal by chance, one request is rejected. Nothing expires by itself: nonces are removed by {@link prune}, which
 * raises the floor in the same step.
 */
export class RedisNonces implements SharedEngine {
  readonly nameInErrors: string
  readonly label: string
  readonly largestBatch: number = LARGEST_BATCH
  readonly #redis: RedisParts
  readonly #store: StoreParts
  readonly #readPlace: CompiledQuery
  /** Resolves when the nonces are here, and not in the database. */
  #moved: Promise<void> | null = null
  /** The number of this Redis when the nonces were moved here. It changes if Redis has lost its state. */
  #home: number | null = null

  constructor(redis: RedisParts, store: StoreParts) {
    this.nameInErrors = redis.nameInErrors
    this.label = redis.label
    this.#redis = redis
    this.#store = store
    this.#readPlace = readPlace(store)
  }

  async record(batch: readonly HashedNonce[]): Promise<readonly Recorded[]> {
    this.#redis.eviction.demand()
    await this.#move()
    // What was read before a request came could be from the time before its credential was revoked.
    const [verdicts, { version, place, home }] = await Promise.all([
      this.#inRedis(() => this.#recordAll(batch)),
      this.#place(),
    ])
    if (place !== PLACE.redis) throw new Error(IN_DATABASE)
    this.#checkHome(home, verdicts)
    return verdicts.map((verdict): Recorded => {
      if (verdict.letter === 'n') return { verdict: 'new', version }
      if (verdict.letter === 's') return SEEN
      if (verdict.letter === 'f') return { verdict: 'forgotten', version, floor: verdict.floor }
      return { verdict: 'ahead', version, ceiling: verdict.ceiling }
    })
  }

  async prune(now: number, keepSeconds: number, limit: number): Promise<number> {
    const { connection, db, guarded } = this.#store
    const agree = () => agreedKeepSeconds(db, now, keepSeconds)
    const keep = await guarded(async () => connection.transact(agree, 'later'))
    return this.#inRedis(() => removeBelow(this.#redis, now - keep, limit))
  }

  close(): Promise<void> {
    return this.#redis.connection.close()
  }

  /**
   * Moves the nonces here, unless they are. If this process ends meanwhile, the next one completes it, and may
   * raise the floor once more than necessary.
   */
  #move(): Promise<void> {
    this.#moved ??= this.#moveNow().catch((error) => {
      this.#moved = null
      throw error
    })
    return this.#moved
  }

  async #moveNow(): Promise<void> {
    const { connection, db, guarded } = this.#store
    const place = await guarded(async () =>
      connection.transact(() => leaveDatabase(this.#store), 'at once'),
    )
    const start = place === PLACE.redis ? '' : place === PLACE.firstInRedis ? 'first' : 'lost'
    await this.#inRedis(() =>
      Promise.all(this.#redis.shards.map((shard) => this.#recordIn(shard, [], start))),
    )
    const home = this.#homeNow()
    if (start !== '' || (await this.#place()).home !== home) {
      if (start === '') {
        // The nonces are in another Redis, or this one has lost its state.
        await guarded(async () => connection.transact(() => leaveOtherRedis(db), 'at once'))
        await this.#inRedis(() =>
          Promise.all(this.#redis.shards.map((shard) => this.#recordIn(shard, [], 'lost'))),
        )
      }
      await guarded(async () => connection.transact(() => enterRedis(db, home), 'at once'))
    }
    this.#home = home
  }

  /**
   * Checks that the nonces were moved to this Redis last.
   * @param home The Redis to which they were.
   */
  #checkHome(home: number | null, verdicts: readonly Told[]): void {
    const here = this.#homeNow()
    if (home === here) {
      this.#home = here
      return
    }
    if (here === this.#home) throw new Error(IN_ANOTHER_REDIS)
    // Redis has lost its state, so the script rejects. The next batch enters it anew.
    this.#moved = null
    if (verdicts.some(({ letter }) => letter === 'n')) throw new Error(STATE_LOST)
  }

  /** The number of this Redis, by the salt of its first shard. */
  #homeNow(): number {
    return homeOf(this.#redis.shards[0]?.salt ?? '')
  }

  #place(): Promise<NoncePlace> {
    const { guarded, lookUp } = this.#store
    return guarded(async () => placeOf((await lookUp('mac_place_of_nonces', this.#readPlace))[0]))
  }

  async #inRedis<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      throw redisError(this.nameInErrors, error)
    }
  }

  async #recordAll(batch: readonly HashedNonce[]): Promise<readonly Told[]> {
    const { shards } = this.#redis
    const [only] = shards
    if (shards.length === 1 && only !== undefined) return this.#recordIn(only, batch, 'again')
    const parts = new Map<Shard, HashedNonce[]>()
    for (const nonce of batch) {
      const shard = shardOf(nonce.hash, shards)
      const part = parts.get(shard)
      if (part === undefined) parts.set(shard, [nonce])
      else part.push(nonce)
    }
    const told = new Map<HashedNonce, Told>()
    await Promise.all(
      Array.from(parts, async ([shard, part]) => {
        const all = await this.#recordIn(shard, part, 'again')
        for (const [at, nonce] of part.entries()) told.set(nonce, all[at] as Told)
      }),
    )
    return batch.map((nonce) => told.get(nonce) as Told)
  }

  /** Runs the script for nonces of one shard. Returns the verdicts in the same order. */
  async #recordIn(
    shard: Shard,
    nonces: readonly HashedNonce[],
    start: Start,
  ): Promise<readonly Told[]> {
    const { connection, ahead } = this.#redis
    const sorted = nonces.length < 2 ? nonces : [...nonces].sort(byTimestamp)
    // A state that was lost has a new salt, so the script may refuse the salt, and then records nothing.
    for (let tries = 0; ; tries++) {
      const [keys, values] = argumentsOf(shard, sorted)
      const names = [shard.state, shard.seconds, ...keys] as const
      const given = [String(ahead), shard.salt, start, ...values]
      const [first = '', second = '', letters = ''] = String(
        await runScript(connection, RECORD, names, given),
      ).split(' ')
      if (first === 'salt' && tries < 3) {
        shard.salt = second
        continue
      }
      if (letters.length !== sorted.length) throw new Error('its answer is not that of the script')
      const told = new Map<HashedNonce, Told>()
      const [floor, ceiling] = [Number(first), Number(second)]
      for (const [at, nonce] of sorted.entries()) {
        told.set(nonce, { letter: letters.charAt(at), floor, ceiling })
      }
      return nonces.map((nonce) => told.get(nonce) as Told)
    }
  }
}

/** What the script says of a nonce. */
interface Told {
  readonly letter: string
  readonly floor: number
  readonly ceiling: number
}

function byTimestamp(one: HashedNonce, other: HashedNonce): number {
  return one.timestamp - other.timestamp
}

/** Returns the key of each nonce, and the arguments for each timestamp: see `RECORD`. */
function argumentsOf(
  shard: Shard,
  sorted: readonly HashedNonce[],
): readonly [keys: string[], values: string[]] {
  const keys: string[] = []
  const values: string[] = []
  let timestamp = Number.NaN
  let countAt = 0
  for (const nonce of sorted) {
    if (nonce.timestamp !== timestamp) {
      timestamp = nonce.timestamp
      countAt = values.push(String(timestamp), '0') - 1
    }
    const hash = sha256Hex(`${shard.salt}\n${nonce.hash}`)
    keys.push(setOf(shard, timestamp, Number.parseInt(hash.slice(16, 18), 16)))
    values.push(BigInt.asIntN(64, BigInt(`0x${hash.slice(0, 16)}`)).toString())
    values[countAt] = String(values.length - 1 - countAt)
  }
  return [keys, values]
}
