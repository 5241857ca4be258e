import { Database } from 'bun:sqlite'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fillDisk } from '../world/small-disk.ts'
import { type Fault, storeFailures } from './fault.ts'
import { revive } from './kill.ts'

/** The disk is filled to the last byte, and then has room again. */
export const diskFull: Fault = {
  name: 'disk full',
  onSmallDisk: true,
  async run(world) {
    const { random, settings } = world
    const filler = join(settings.smallDisk ?? '', 'filler')
    const times = random.between(1, 2)
    for (let time = times; time > 0; time--) {
      await Bun.sleep(random.between(100, 300))
      await shrinkLog(settings.path)
      world.hindrance.set('full')
      world.note('the disk is filled')
      fillDisk(filler)
      await Bun.sleep(random.between(300, 900))
      if (random.chance(0.5)) {
        await world.kill(random.pick(world.up))
        await revive(world)
      }
      await Bun.sleep(random.between(300, 900))
      rmSync(filler)
      world.hindrance.set('none')
      world.note('the disk has room again')
    }
    return { note: `full ${times} times`, felt: storeFailures(world) > 0 }
  },
}

/** Truncates the log, so that it must grow. SQLite would overwrite a long log from its start. */
async function shrinkLog(path: string): Promise<void> {
  const database = new Database(path)
  try {
    database.run('pragma busy_timeout = 0')
    for (let time = 0; time < 200; time++) {
      const { busy } = database.query('pragma wal_checkpoint(truncate)').get() as { busy: number }
      if (busy === 0) return
      await Bun.sleep(1)
    }
  } finally {
    database.close()
  }
}
