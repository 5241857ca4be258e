import { readdirSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { widen } from '../both/apart.ts'
import { noCopies, noGuard, noWindow } from '../controls/mistakes.ts'
import { setNx } from '../controls/set-nx.ts'
import { type Fault, hasFailures, hasStale, type Stage } from '../fault.ts'
import { TcpProxy } from '../tcp-proxy.ts'
import { RedisServer } from './redis-server.ts'

/** Killed, and started again without anything. */
export const killed: Fault<RedisServer> = {
  name: 'killed -9, nothing on disk',
  loses: true,
  start: () => RedisServer.start(),
  async run({ store, world, random }) {
    await world.trouble(async () => {
      await store.kill()
      await Bun.sleep(random.between(50, 500))
      await store.start()
    })
  },
  felt: (tally) => hasFailures(tally) && hasStale(tally),
  controls: [noGuard, setNx],
}

/** Killed with an append-only file, whose end a power cut has lost. */
export const killedWithFile: Fault<RedisServer> = {
  name: 'killed -9, the end of the append-only file lost',
  loses: true,
  start: () => RedisServer.start('--appendonly', 'yes', '--appendfsync', 'everysec'),
  async run({ store, world, random }) {
    await world.trouble(async () => {
      await store.kill()
      loseEnd(store, random.between(2000, 20_000))
      await store.start()
    })
  },
  felt: (tally) => hasFailures(tally) && hasStale(tally),
  controls: [noGuard],
}

function loseEnd({ folder }: RedisServer, bytes: number): void {
  const files = join(folder, 'appendonlydir')
  const last = readdirSync(files).find((name) => name.endsWith('.incr.aof'))
  if (last === undefined) throw new Error(`there is no append-only file in ${files}`)
  const path = join(files, last)
  truncateSync(path, Math.max(0, statSync(path).size - bytes))
}

/** Somebody removes everything. */
export const flushed: Fault<RedisServer> = {
  name: 'FLUSHALL',
  loses: true,
  start: () => RedisServer.start(),
  run: ({ store, world }) => world.trouble(async () => void (await store.ask('FLUSHALL'))),
  felt: hasStale,
  controls: [noGuard],
}

/** A replica that lags behind by a second or more becomes the primary. */
export const promoted: Fault<RedisServer> = {
  name: 'REPLICAOF NO ONE on a lagging replica',
  loses: true,
  servers: Array.from({ length: 3 }, () => ({ clock: 0, windowSeconds: 8 })),
  async start(later) {
    const primary = await RedisServer.start()
    // Before there are nonces: Redis changes its replication id for its first replica, and the guard cannot know
    // that nothing was lost then.
    replicas.set(primary, await replicaOf(primary, later))
    return primary
  },
  run: promote,
  felt: hasStale,
  controls: [noGuard],
}

/** While the replica lags behind, a server starts whose window is longer than all others. The replica does not know. */
export const promotedAfterLongerWindow: Fault<RedisServer> = {
  name: 'REPLICAOF NO ONE on a replica that does not know a longer window',
  loses: true,
  servers: Array.from({ length: 3 }, () => ({ clock: 0, windowSeconds: 3 })),
  start: promoted.start,
  async run(stage) {
    const { replica } = await lag(stage)
    await widen(stage.world, () => takeOver(stage, replica))
  },
  felt: hasStale,
  controls: [noWindow],
}

/**
 * A replica that lags behind takes over for a moment, and the primary copies its data, and is the primary again. The
 * process is the same as before, but has lost nonces. Then it has no replica for so long that it forgets its
 * earlier replication id.
 */
export const overwritten: Fault<RedisServer> = {
  name: 'a primary copies a lagging replica',
  loses: true,
  servers: Array.from({ length: 3 }, () => ({ clock: 0, windowSeconds: 8 })),
  async start(later) {
    const primary = await RedisServer.start('--repl-backlog-ttl', '1')
    replicas.set(primary, await replicaOf(primary, later))
    return primary
  },
  async run(stage) {
    const { store, world, proxy, random } = stage
    const { replica } = await lag(stage)
    await Bun.sleep(random.between(1000, 2000))
    await world.trouble(async () => {
      proxy.openHole()
      await replica.ask('REPLICAOF', 'NO', 'ONE')
      await store.ask('REPLICAOF', '127.0.0.1', String(replica.port))
      while ((await store.info('master_link_status')) !== 'up') await Bun.sleep(20)
      await store.ask('REPLICAOF', 'NO', 'ONE')
      while (/[^0]/.test(await store.info('master_replid2'))) await Bun.sleep(50)
      proxy.cut()
      proxy.heal()
    })
  },
  felt: hasStale,
  controls: [noGuard, noCopies],
}

const replicas = new WeakMap<RedisServer, { replica: RedisServer; replication: TcpProxy }>()

/** Starts a replica that connects to its primary through a proxy of its own. */
async function replicaOf(primary: RedisServer, later: Stage<RedisServer>['later']) {
  const replication = await TcpProxy.start(primary.port)
  later(() => replication.stop())
  const replica = await RedisServer.start('--replicaof', '127.0.0.1', String(replication.port))
  later(() => replica.end())
  while ((await replica.info('master_link_status')) !== 'up') await Bun.sleep(50)
  return { replica, replication }
}

/** Makes the replica miss what is written from now on. */
async function lag({ store }: Stage<RedisServer>) {
  const found = replicas.get(store)
  if (found === undefined) throw new Error('there is no replica')
  found.replication.openHole()
  return found
}

async function promote(stage: Stage<RedisServer>): Promise<void> {
  const { replica } = await lag(stage)
  await Bun.sleep(stage.random.between(1000, 2000))
  await takeOver(stage, replica)
}

async function takeOver({ store, proxy, world, random }: Stage<RedisServer>, replica: RedisServer) {
  await world.trouble(async () => {
    await store.kill()
    proxy.switchTo(replica.port)
    await Bun.sleep(random.between(100, 300))
    await replica.ask('REPLICAOF', 'NO', 'ONE')
  })
}
