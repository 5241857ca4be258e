import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runCommand } from '../run-command.ts'
import type { World } from '../world/world.ts'

const ROOT = join(import.meta.dir, '../../../..')
let compiled: Promise<string> | null = null

/** Returns the module of the library as it is published: compiled, in a folder of its own. It is made once. */
export function compiledEntry(): Promise<string> {
  compiled ??= compile()
  return compiled
}

async function compile(): Promise<string> {
  // Next to node_modules, so that imports of packages work.
  const folder = mkdtempSync(join(ROOT, '.model-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const tsc = join(ROOT, 'node_modules/.bin/tsc')
  await runCommand(tsc, '-p', join(ROOT, 'src'), '--outDir', join(folder, 'dist'))
  copyFileSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
  return pathToFileURL(join(folder, 'dist/index.js')).href
}

/** Restarts one server after the other with another module of the library, and then with the first again. */
export async function roll(world: World, entry: string): Promise<void> {
  const { choices } = world.settings
  for (const next of [choices.map((choice) => ({ ...choice, entry })), choices]) {
    for (const [place, choice] of next.entries()) {
      if ((await world.servers[place]?.stop()) === 'killed') {
        world.violations.add('right', `${world.servers[place]?.name} did not end after stop`)
      }
      await world.start(place, choice)
      await Bun.sleep(200)
    }
  }
}

/** Restarts one server after the other with a version whose tables are newer. Old ones must not start any more. */
export async function upgrade(world: World, entry: string): Promise<void> {
  const upgraded = world.settings.choices.map((choice) => ({ ...choice, entry }))
  await world.servers[0]?.stop()
  await world.start(0, upgraded[0])
  const accepted = world.tally.accepted
  await Bun.sleep(500)
  if (world.tally.accepted === accepted) world.violations.add('right', 'nothing accepted')
  await world.trouble(async () => {
    await world.servers[1]?.stop()
    const old = await world.start(1)
    const why = old.refusal?.message ?? 'nothing'
    if (!why.includes('Install the withmac that wrote them')) {
      world.violations.add('right', `a server older than the tables said: ${why}`)
    }
    // The store stays shut.
    const requests = Array.from({ length: 5 }, () => world.send(old, world.fresh(old), 'fresh'))
    await Promise.all(requests)
    await old.stop()
  })
  for (const [place, choice] of upgraded.entries()) {
    await world.servers[place]?.stop()
    await world.start(place, choice)
  }
}
