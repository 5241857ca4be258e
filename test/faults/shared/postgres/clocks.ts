import { pruneOften, SERVERS_30_APART, setRight, WINDOWS_20_AND_300 } from '../both/apart.ts'
import { noFloor } from '../controls/mistakes.ts'
import { type Fault, hasStale } from '../fault.ts'
import { Cluster } from './cluster.ts'

/** Clocks of servers are 30 seconds apart, and each removes nonces by its own. */
export const clocks: Fault<Cluster> = {
  name: 'clocks 30 s apart',
  loses: false,
  servers: SERVERS_30_APART,
  start: () => Cluster.start(),
  async run({ world }) {
    await pruneOften(world)
    await setRight(world)
  },
  felt: ({ rejected }) => [...rejected.keys()].some((reason) => reason.includes('TIMESTAMP')),
  controls: [noFloor],
}

/** Windows of servers differ. The shorter one must not remove what the longer one needs. */
export const windows: Fault<Cluster> = {
  name: 'windows of 20 and 300 s',
  loses: false,
  servers: WINDOWS_20_AND_300,
  start: () => Cluster.start(),
  async run({ world }) {
    await pruneOften(world)
  },
  felt: (tally) => tally.accepted > 0,
  controls: [
    {
      name: 'a cleanup by the shortest window alone',
      breaks: 'once',
      async prepare({ store, later }) {
        await store.ask('alter table mac_nonces disable trigger all', 'app')
        const old = 'ts < extract(epoch from clock_timestamp()) - 20'
        const timer = setInterval(() => {
          store.ask(`delete from mac_nonces where ${old}`, 'app').catch(() => {})
        }, 200)
        later(() => clearInterval(timer))
      },
    },
  ],
}

/**
 * Inserts take long, and a server whose clock is ahead removes nonces meanwhile. An insert that began before the
 * removal, and ends after it, must see the floor that the removal raised.
 */
export const insertsBesideCleanup: Fault<Cluster> = {
  name: 'slow inserts beside the cleanup',
  loses: false,
  // Otherwise the first removal would raise the floor far above the clock.
  skews: false,
  servers: [0, 0, 30].map((clock) => ({ clock, windowSeconds: 20 })),
  start: () => Cluster.start(),
  async run({ world, store }) {
    const [one, other, ahead] = world.servers
    if (!one || !other || !ahead) throw new Error('a server is missing')
    await store.ask(
      `create function slow() returns trigger language plpgsql as
        $$ begin perform pg_sleep(0.1); return null; end $$;
      create trigger slow before insert on mac_nonces for each statement execute function slow()`,
      'app',
    )
    for (let time = 0; time < 4; time++) {
      const fresh = Array.from({ length: 20 }, () => world.fresh(one))
      await Promise.all(fresh.map((sent) => world.send(one, sent, 'fresh')))
      const again = fresh.map((sent) => world.send(other, sent, 'replay'))
      await Bun.sleep(50)
      await Promise.all([...again, ahead.order({ do: 'prune' })])
      // The floor is at most a second after the clock.
      await Bun.sleep(1100)
    }
    await store.ask('drop trigger slow on mac_nonces', 'app')
    await setRight(world)
  },
  felt: hasStale,
  controls: [
    {
      name: 'the floor is read in the snapshot of the insert',
      breaks: 'once',
      async prepare({ store }) {
        // A stable function sees what the statement that calls it saw at its start.
        await store.ask('alter function mac_told() stable', 'app')
      },
    },
  ],
}
