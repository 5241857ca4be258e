import { ANY_BUDGET, redisLimiter } from './library.ts'
import { optionalPackage } from './optional-package.ts'
import type { OpenedStore } from './shared-store.ts'

/** The part of a client of node-redis that is used; version 4 has `disconnect`, later ones `destroy`. */
interface RedisClient {
  connect(): Promise<unknown>
  on(event: 'error', listener: (error: unknown) => void): unknown
  destroy?(): void
  disconnect?(): unknown
}

interface RedisPackage {
  createClient(options: object): RedisClient
}

/** Opens a connection of ours to Redis. It comes back by itself where it breaks. */
export async function nodeRedis(
  url: string,
  failed: (error: unknown) => void,
): Promise<OpenedStore> {
  const { createClient } = await optionalPackage<RedisPackage>('redis')
  // Without its queue, what cannot be sent now fails now: it is then counted in memory.
  const client = createClient({ url, disableOfflineQueue: true })
  client.on('error', failed)
  const end = async () => {
    try {
      await (client.destroy ?? client.disconnect)?.call(client)
    } catch {
      // It was closed already.
    }
  }
  try {
    await client.connect()
  } catch (error) {
    await end()
    throw error
  }
  return { ...(await overNodeRedis(client)), close: end }
}

/** Counts through a client of node-redis, from version 4 on. */
export function overNodeRedis(client: object): Promise<OpenedStore> {
  return over(client, true)
}

/** Counts through a client of ioredis. */
export function overIoredis(client: object): Promise<OpenedStore> {
  return over(client, false)
}

async function over(storeClient: object, useRedisPackage: boolean): Promise<OpenedStore> {
  const Limiter = await redisLimiter()
  const options = { storeClient, useRedisPackage, rejectIfRedisNotReady: true }
  const limiter = new Limiter({ ...ANY_BUDGET, ...options })
  return {
    add: (key, seconds) => limiter.penalty(key, 1, { customDuration: seconds }),
    async close() {},
  }
}
