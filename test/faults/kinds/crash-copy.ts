import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { outcomeOf } from '../traffic/judge.ts'
import type { Sent } from '../traffic/sent.ts'
import type { Server } from '../world/server.ts'
import type { World } from '../world/world.ts'
import type { Fault } from './fault.ts'

/** How many replays are sent to the copy, at most: those that were accepted last. */
const MOST = 1500
/** How many are sent at once. */
const AT_ONCE = 24

/**
 * Copies the files at some moment of the load, as a crash would leave them, and starts a server on the
 * copy. It must reject all requests that were accepted before.
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
  const accepted = await freezeAndCopy(world, path)
  const server = await world.start(0, path)
  let known = 0
  try {
    for (let at = 0; at < accepted.length; at += AT_ONCE) {
      const some = accepted.slice(at, at + AT_ONCE)
      const outcomes = await Promise.all(some.map((sent) => mustBeKnown(world, server, sent)))
      known += outcomes.filter((outcome) => outcome === '401 ERR_MAC_REPLAY').length
    }
  } finally {
    await server.kill()
    rmSync(folder, { recursive: true })
  }
  return { tried: accepted.length, known }
}

async function mustBeKnown(world: World, server: Server, sent: Sent): Promise<string> {
  const outcome = outcomeOf(await server.exchange(sent.text))
  if (outcome === '200') world.violations.add('once', `accepted by the copy of a crash: ${sent}`)
  else if (!outcome.startsWith('401')) {
    world.violations.add('reason', `${outcome} by a copy, for ${sent}`)
  }
  return outcome
}

/** @returns The requests that were accepted before the copy was made. */
async function freezeAndCopy(world: World, path: string) {
  const { up } = world
  world.hindrance.set('held')
  for (const server of up) server.signal('SIGSTOP')
  await Promise.all(up.map(isFrozen))
  const accepted = world.ledger.accepted.slice(-MOST)
  for (const end of ['', '-wal']) {
    const from = world.settings.path + end
    // Another process copies: if this process closed the file, it would release its own locks.
    if (existsSync(from)) Bun.spawnSync(['cp', from, path + end])
  }
  for (const server of up) server.signal('SIGCONT')
  world.hindrance.set('none')
  world.note('copied the files')
  return accepted
}

async function isFrozen(server: Server): Promise<void> {
  const deadline = Date.now() + 2000
  while (server.up && !/^\d+ \(.*\) T/.test(readFileSync(`/proc/${server.pid}/stat`, 'latin1'))) {
    if (Date.now() > deadline) throw new Error(`${server.name} cannot be frozen`)
    await Bun.sleep(1)
  }
}
