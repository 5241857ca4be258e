import { Database } from 'bun:sqlite'
import type { World } from '../world/world.ts'
import { type Fault, storeFailures } from './fault.ts'
import { revive } from './kill.ts'

/** Another process holds the write lock: first for a short time, which servers wait for, then for seconds. */
export const lock: Fault = {
  name: 'lock',
  async run(world) {
    const { random } = world
    const long = random.between(2700, 3600)
    for (const held of random.shuffle([random.between(100, 1200), long])) {
      await Bun.sleep(random.between(50, 200))
      await hold(world, held)
    }
    return { note: `held for at most ${long} ms`, felt: storeFailures(world) > 0 }
  },
}

async function hold(world: World, milliseconds: number): Promise<void> {
  const { random, settings, hindrance } = world
  const database = new Database(settings.path)
  try {
    await begin(database, random.pick(['immediate', 'exclusive']))
    hindrance.set('held')
    world.note(`the database is locked for ${milliseconds} ms`)
    const end = Bun.sleep(milliseconds)
    if (random.chance(0.5)) {
      await world.kill(random.pick(world.up))
      await revive(world)
    }
    await end
    database.run('rollback')
    hindrance.set('none')
    world.note('the lock is released')
  } finally {
    database.close()
  }
}

/** Tries to get the lock until it succeeds, without blocking the harness. */
async function begin(database: Database, kind: 'immediate' | 'exclusive'): Promise<void> {
  database.run('pragma busy_timeout = 0')
  const deadline = Date.now() + 10_000
  for (;;) {
    try {
      database.run(`begin ${kind}`)
      return
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'SQLITE_BUSY' || Date.now() > deadline) throw error
      await Bun.sleep(1)
    }
  }
}
