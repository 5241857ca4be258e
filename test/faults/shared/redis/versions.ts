import { compiledEntry, roll } from '../both/versions.ts'
import type { Fault } from '../fault.ts'
import { RedisServer } from './redis-server.ts'

/** Servers are restarted with another build of the library, one after the other, and back. */
export const rollingRestart: Fault<RedisServer> = {
  name: 'rolling restart, sources and compiled build',
  loses: false,
  async start() {
    await compiledEntry()
    return RedisServer.start()
  },
  run: async ({ world }) => roll(world, await compiledEntry()),
  felt: (tally) => tally.accepted > 0,
  controls: [],
}
