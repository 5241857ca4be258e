import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { outcomeOf } from '../traffic/judge.ts'
import type { Sent } from '../traffic/sent.ts'
import type { Server } from '../world/server.ts'
import type { World } from '../world/world.ts'
import type { Fault } from './fault.ts'

/** How many replays the copy must refuse at the most: those that were let in last. */
const MOST = 1500
/** How many of them are sent at once. */
const AT_ONCE = 24

/**
 * The machine's files as they are at some instant of the load, as a crash would leave them, and a
 * server on them: whatever was answered before must be known there.
 */
export const crashCopy: Fault = {
  name: 'crash copy',
  async run(world) {
    let known = 0
    let tried = 0
    for (let time = world.random.between(1, 2); time > 0; time--) {
      await Bun.sleep(world.random.between(200, 800))
      const copy = await tryCopy(world, join(world.settings.folder, 'copy'))
      tried += copy.tried
      known += copy.known
    }
    return { note: `${tried} replays on copies, ${known} of them known`, felt: known > 0 }
  },
}

async function tryCopy(world: World, folder: string): Promise<{ tried: number; known: number }> {
  mkdirSync(folder)
  const path = join(folder, 'mac.db')
  const passed = await freezeAndCopy(world, path)
  const server = await world.start(0, path)
  let known = 0
  try {
    for (let at = 0; at < passed.length; at += AT_ONCE) {
      const some = passed.slice(at, at + AT_ONCE)
      const outcomes = await Promise.all(some.map((sent) => mustBeKnown(world, server, sent)))
      known += outcomes.filter((outcome) => outcome === '401 ERR_MAC_REPLAY').length
    }
  } finally {
    await server.kill()
    rmSync(folder, { recursive: true })
  }
  return { tried: passed.length, known }
}

async function mustBeKnown(world: World, server: Server, sent: Sent): Promise<string> {
  const outcome = outcomeOf(await server.exchange(sent.text))
  if (outcome === '200') world.violations.add('once', `let in by a copy as after a crash: ${sent}`)
  else if (!outcome.startsWith('401')) {
    world.violations.add('reason', `${outcome} by a copy, for ${sent}`)
  }
  return outcome
}

/** @returns What was let in before the copy was made. */
async function freezeAndCopy(world: World, path: string) {
  const { up } = world
  world.hindrance.set('held')
  for (const server of up) server.signal('SIGSTOP')
  await Promise.all(up.map(isFrozen))
  const passed = world.ledger.passed.slice(-MOST)
  for (const end of ['', '-wal']) {
    const from = world.settings.path + end
    // By another process: closing the file here would undo locks that are held here.
    if (existsSync(from)) Bun.spawnSync(['cp', from, path + end])
  }
  for (const server of up) server.signal('SIGCONT')
  world.hindrance.set('none')
  world.note('copied the files')
  return passed
}

async function isFrozen(server: Server): Promise<void> {
  const deadline = Date.now() + 2000
  while (server.up && !/^\d+ \(.*\) T/.test(readFileSync(`/proc/${server.pid}/stat`, 'latin1'))) {
    if (Date.now() > deadline) throw new Error(`${server.name} cannot be frozen`)
    await Bun.sleep(1)
  }
}
