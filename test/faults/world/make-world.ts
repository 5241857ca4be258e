import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cleanupLater } from '../cleanup.ts'
import { revive } from '../kinds/kill.ts'
import type { Random } from '../random.ts'
import { create } from '../traffic/churn.ts'
import { mountSmallDisk } from './small-disk.ts'
import { World, type WorldSettings } from './world.ts'

/** How many credentials a world has at first. */
const CREDENTIALS = 6

/** The settings that are chosen before a world is made. */
export type WorldChoice = Pick<
  WorldSettings,
  'windowSeconds' | 'processes' | 'notesSyncs' | 'apart' | 'command'
> & { readonly onSmallDisk: boolean }

/** Makes a database, starts server processes on it, and creates credentials. */
export async function makeWorld(choice: WorldChoice, random: Random): Promise<World> {
  const { onSmallDisk, ...settings } = choice
  const folder = mkdtempSync(join(tmpdir(), 'withmac-faults-'))
  cleanupLater(() => rmSync(folder, { recursive: true, force: true }))
  const smallDisk = onSmallDisk ? join(folder, 'disk') : null
  if (smallDisk !== null) mountSmallDisk(smallDisk)
  const path = join(smallDisk ?? folder, 'mac.db')
  const world = new World({ ...settings, folder, smallDisk, path }, random)
  cleanupLater(() => world.end())
  await revive(world)
  for (let number = 0; number < CREDENTIALS; number++) await create(world, random.pick(world.up))
  return world
}
