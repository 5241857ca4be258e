import { widen } from '../both/apart.ts'
import { noWindow } from '../controls/mistakes.ts'
import { type Fault, hasFailures, hasStale, type Stage } from '../fault.ts'
import { TcpProxy } from '../tcp-proxy.ts'
import { Cluster } from './cluster.ts'
import { NO_CANARY } from './crashes.ts'

/**
 * A standby lags behind by a second or more, and is promoted. Before that, servers reach it as a standby. The old
 * primary is stopped first: two primaries at a time are beyond what a guard can notice.
 */
export const promotion: Fault<Cluster> = {
  name: 'promotion of a lagging standby',
  loses: true,
  servers: Array.from({ length: 3 }, () => ({ clock: 0, windowSeconds: 8 })),
  start: () => Cluster.start(),
  async run(stage) {
    const standby = await laggingStandby(stage)
    await Bun.sleep(stage.random.between(1000, 2000))
    await promote(stage, standby)
  },
  felt: (tally) => hasFailures(tally) && hasStale(tally),
  controls: [NO_CANARY],
}

/** Starts a standby, which soon no longer hears what is committed. */
async function laggingStandby({ store, later }: Stage<Cluster>): Promise<Cluster> {
  const replication = await TcpProxy.start(store.port)
  later(() => replication.stop())
  const standby = await Cluster.standbyOf(store, replication.port)
  later(() => standby.end())
  await Bun.sleep(500)
  replication.openHole()
  return standby
}

async function promote({ store, proxy, world, random }: Stage<Cluster>, standby: Cluster) {
  await world.trouble(async () => {
    await store.stop()
    proxy.switchTo(standby.port)
    await Bun.sleep(random.between(200, 500))
    await standby.ask('select pg_promote()')
  })
}

/** While the standby lags behind, a server starts whose window is longer than all others. The standby does not know. */
export const promotionAfterLongerWindow: Fault<Cluster> = {
  name: 'promotion of a standby that does not know a longer window',
  loses: true,
  servers: Array.from({ length: 3 }, () => ({ clock: 0, windowSeconds: 3 })),
  start: () => Cluster.start(),
  async run(stage) {
    const standby = await laggingStandby(stage)
    await widen(stage.world, () => promote(stage, standby))
  },
  felt: (tally) => hasFailures(tally) && hasStale(tally),
  controls: [noWindow],
}
