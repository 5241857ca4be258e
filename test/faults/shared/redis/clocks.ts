import { pruneOften, SERVERS_30_APART, setRight, WINDOWS_20_AND_300 } from '../both/apart.ts'
import { setNx } from '../controls/set-nx.ts'
import type { Fault } from '../fault.ts'
import { RedisServer } from './redis-server.ts'

/** Clocks of servers are 30 seconds apart, and each removes nonces by its own. */
export const clocks: Fault<RedisServer> = {
  name: 'clocks 30 s apart',
  loses: false,
  servers: SERVERS_30_APART,
  start: () => RedisServer.start(),
  async run({ world }) {
    await pruneOften(world)
    await setRight(world)
  },
  felt: ({ rejected }) => [...rejected.keys()].some((reason) => reason.includes('TIMESTAMP')),
  controls: [setNx],
}

/** Windows of servers differ. The shorter one must not remove what the longer one needs. */
export const windows: Fault<RedisServer> = {
  name: 'windows of 20 and 300 s',
  loses: false,
  servers: WINDOWS_20_AND_300,
  start: () => RedisServer.start(),
  run: ({ world }) => pruneOften(world),
  felt: (tally) => tally.accepted > 0,
  controls: [setNx],
}
