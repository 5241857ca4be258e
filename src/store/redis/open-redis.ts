import { type NonceSource, nonceLabel } from '../nonce-source.ts'
import { SharedNonces } from '../shared-nonces.ts'
import type { NonceEngine, StoreParts } from '../store-parts.ts'
import type { StoreSettings } from '../store-settings.ts'
import { redisConnection, runScript } from './client.ts'
import { EvictionWatch } from './eviction.ts'
import { RedisNonces } from './nonces.ts'
import { redisError } from './redis-failure.ts'
import { INFO } from './script.ts'
import { shardsOf } from './shards.ts'

/**
 * Opens the store of nonces in Redis. Nothing is written until the first nonce.
 *
 * @throws {@link MacError} `ERR_MAC_STORE` if Redis does not answer, or may evict keys.
 * @throws TypeError that says what to install or to pass.
 */
export async function openRedisNonces(
  source: NonceSource,
  parts: StoreParts,
  { keepSeconds, timeoutSeconds }: Pick<StoreSettings, 'keepSeconds' | 'timeoutSeconds'>,
): Promise<NonceEngine> {
  const label = nonceLabel(source)
  const nameInErrors = source.url === null ? 'The Redis of nonces' : `The Redis ${label}`
  const connection = await redisConnection(source, nameInErrors, timeoutSeconds)
  try {
    // A node of a cluster may refuse this key. Then the client is not made for clusters, and the error says so.
    const [shard] = shardsOf(source.keyPrefix, false)
    const info = await runScript(connection, INFO, [shard?.state ?? ''], ['cluster'])
    const shards = shardsOf(source.keyPrefix, /^cluster_enabled:1/m.test(String(info)))
    const keys = shards.map(({ state }) => state)
    const eviction = new EvictionWatch(connection, keys, nameInErrors)
    await eviction.check()
    const names = { nameInErrors, label, ahead: keepSeconds }
    const nonces = new RedisNonces({ connection, shards, eviction, ...names }, parts)
    return new SharedNonces(nonces, parts, timeoutSeconds)
  } catch (error) {
    await connection.close()
    throw redisError(nameInErrors, error)
  }
}
