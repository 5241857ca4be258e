import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client } from 'pg'
import { fillDisk, mountSmallDisk } from '../../world/small-disk.ts'
import { failsOpen } from '../controls/mistakes.ts'
import { type Fault, hasFailures } from '../fault.ts'
import { Cluster } from './cluster.ts'

/** Others have all connections, and the servers lose theirs. */
export const connectionsUsedUp: Fault<Cluster> = {
  name: 'connections used up by others',
  loses: false,
  start: () => Cluster.start(),
  async run({ store, world }) {
    await world.trouble(async () => {
      const others: Client[] = []
      const end = Date.now() + 2000
      while (Date.now() < end) {
        const theirs = "usename = 'app' and application_name = 'withmac'"
        await store.ask(`select pg_terminate_backend(pid) from pg_stat_activity where ${theirs}`)
        // A role without the rights of the superuser may not use the connections that are reserved for it.
        for (let free = true; free; ) {
          try {
            others.push(await store.connect('app', 'app'))
          } catch {
            free = false
          }
        }
        await Bun.sleep(50)
      }
      await Promise.all(others.map((other) => other.end()))
    })
  },
  felt: hasFailures,
  controls: [],
}

/** Statements wait for a lock, and are ended by the role's statement_timeout. */
export const statementTimeout: Fault<Cluster> = {
  name: 'statement_timeout of the role',
  loses: false,
  start: () => Cluster.start(),
  async run({ store, world }) {
    await world.trouble(async () => {
      await store.ask("alter role app set statement_timeout = '200ms'")
      // The setting holds for new connections.
      await store.ask(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'",
      )
      const other = await store.connect('app')
      await other.query('begin')
      await other.query('lock table mac_nonces in access exclusive mode')
      await Bun.sleep(1500)
      await other.query('rollback')
      await other.end()
      await store.ask('alter role app reset statement_timeout')
    })
  },
  felt: hasFailures,
  controls: [failsOpen],
}

/** In megabytes: enough for the data, and quick to fill. */
const SIZE = 128

/** The disk is filled to the last byte, and has room again. PostgreSQL may end; then it is started again. */
export const diskFull: Fault<Cluster> = {
  name: 'disk full',
  loses: true,
  async start(later) {
    const folder = mkdtempSync(join(tmpdir(), 'withmac-faults-'))
    later(() => rmSync(folder, { recursive: true, force: true }))
    chmodSync(folder, 0o755)
    const disk = join(folder, 'disk')
    later(mountSmallDisk(disk, SIZE))
    return Cluster.start({ max_wal_size: '8MB', wal_keep_size: '0' }, disk)
  },
  async run({ store, world }) {
    const filler = join(store.data, '..', 'filler')
    await world.trouble(async () => {
      fillDisk(filler)
      const end = Date.now() + 20_000
      // There is room in the segments of the log that exist, and in the pages of the table.
      while (!hasFailures(world.tally) && Date.now() < end) {
        await store.ask('create table filler as select generate_series(1, 20000)').catch(() => {})
        await Bun.sleep(100)
      }
      await Bun.sleep(1000)
      rmSync(filler)
      await store.start()
      await store.ask('drop table if exists filler')
    })
  },
  felt: hasFailures,
  controls: [failsOpen],
}
