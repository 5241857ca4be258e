import { type Control, type Fault, hasFailures, hasStale, type Stage } from '../fault.ts'
import { Cluster, type PostgresSettings } from './cluster.ts'

/** Commits do not wait for the disk. */
export const UNSYNCED: PostgresSettings = { synchronous_commit: 'off', wal_buffers: '16MB' }

/** Servers are told that the canary is there, so they do not notice that nonces are lost. */
export const NO_CANARY: Control<Cluster> = {
  name: 'without the canary',
  breaks: 'once',
  async prepare({ store }) {
    await store.ask(
      `alter function mac_told() rename to mac_told_truly;
      create function mac_told() returns bigint[] language plpgsql volatile as $$
      declare
        told bigint[] := mac_told_truly();
      begin
        told[4] := 1;
        return told;
      end $$;
      alter function mac_told() owner to app`,
      'app',
    )
  },
}

/**
 * Kills the process that serves a connection. The postmaster then ends all others, and recovers.
 * @param also Another process to kill.
 */
async function killOne({ store, world, random }: Stage<Cluster>, ...also: number[]): Promise<void> {
  await world.trouble(async () => {
    const [victim] = random.shuffle(await store.backends())
    if (victim === undefined) throw new Error('no server is connected')
    for (const pid of [victim, ...also]) process.kill(pid, 'SIGKILL')
    await Bun.sleep(50)
    await store.start()
  })
}

/** A backend is killed, and every commit is synced: nothing is lost, so nothing need be rejected afterwards. */
export const killBackend: Fault<Cluster> = {
  name: 'backend killed -9',
  loses: false,
  start: () => Cluster.start(),
  async run(stage) {
    await killOne(stage)
    await Bun.sleep(stage.random.between(200, 500))
    await killOne(stage)
  },
  felt: hasFailures,
  controls: [],
}

/** A backend is killed, and the commits that were not written are lost. */
export const killBackendUnsynced: Fault<Cluster> = {
  name: 'backend killed -9, synchronous_commit off',
  loses: true,
  start: () => Cluster.start(UNSYNCED),
  async run(stage) {
    const writer = await stage.store.stopLogWriter()
    await Bun.sleep(stage.random.between(400, 1000))
    await killOne(stage, writer)
  },
  felt: (tally) => hasFailures(tally) && hasStale(tally),
  controls: [NO_CANARY],
}

/** All processes are killed, and started again after a time. */
export const killPostmaster: Fault<Cluster> = {
  name: 'postmaster killed -9, synchronous_commit off',
  loses: true,
  start: () => Cluster.start(UNSYNCED),
  async run({ store, world, random }) {
    await store.stopLogWriter()
    await Bun.sleep(random.between(400, 1000))
    await world.trouble(async () => {
      await store.killAll()
      await Bun.sleep(random.between(100, 800))
      await store.start()
    })
  },
  felt: (tally) => hasFailures(tally) && hasStale(tally),
  controls: [NO_CANARY],
}
