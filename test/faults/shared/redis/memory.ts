import { failsOpen, noGuard, noScript } from '../controls/mistakes.ts'
import { type Fault, hasFailures, hasStale } from '../fault.ts'
import { RedisServer } from './redis-server.ts'

/** A policy that evicts keys is set while servers run, and memory is short. */
export const evicting: Fault<RedisServer> = {
  name: 'an evicting policy, set while running',
  loses: true,
  start: () => RedisServer.start(),
  async run({ store, world }) {
    await world.trouble(async () => {
      const used = Number(await store.info('used_memory'))
      await store.ask('CONFIG', 'SET', 'maxmemory', String(used))
      await store.ask('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random')
      const end = Date.now() + 10_000
      // Until keys are evicted, nothing is lost.
      while ((await store.info('evicted_keys')) === '0' && Date.now() < end) {
        await store.ask('SET', `filler:${Date.now()}`, 'x'.repeat(10_000))
        await Bun.sleep(20)
      }
      await Bun.sleep(1500)
      await store.ask('CONFIG', 'SET', 'maxmemory', '0')
      await store.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    })
  },
  felt: hasStale,
  controls: [noGuard],
}

/** Memory is used up, and nothing is evicted. */
export const outOfMemory: Fault<RedisServer> = {
  name: 'out of memory',
  loses: false,
  start: () => RedisServer.start(),
  async run({ store, world }) {
    await world.trouble(async () => {
      await store.ask('CONFIG', 'SET', 'maxmemory', '1')
      await Bun.sleep(1000)
      await store.ask('CONFIG', 'SET', 'maxmemory', '0')
    })
  },
  felt: hasFailures,
  controls: [failsOpen],
}

/** Scripts are forgotten. Nobody must notice. */
export const scriptsFlushed: Fault<RedisServer> = {
  name: 'SCRIPT FLUSH',
  loses: false,
  start: () => RedisServer.start(),
  async run({ store }) {
    for (let time = 0; time < 10; time++) {
      await store.ask('SCRIPT', 'FLUSH', 'SYNC')
      await Bun.sleep(100)
    }
  },
  felt: (tally) => tally.accepted > 0,
  controls: [noScript],
}
