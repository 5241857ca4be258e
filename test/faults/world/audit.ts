import { Database } from 'bun:sqlite'
import type { ListedCredential } from '../server/commands.ts'
import type { Server } from './server.ts'
import type { World } from './world.ts'

/** How soon a process must answer well once nothing hinders it any more, in milliseconds. */
const RECOVERY = 5000

/** Holds the world against what must be true of it while nothing hinders it. */
export async function audit(world: World): Promise<void> {
  for (const server of world.servers) {
    if (server.crash !== null) world.violations.add('crash', `${server.name}: ${server.crash}`)
  }
  await Promise.all(world.up.map((server) => probe(world, server)))
  await Promise.all(world.up.map((server) => credentialsAreKept(world, server)))
  world.ledger.readLogs(world.violations)
  fileIsSound(world)
}

/** Sends fresh requests until one is let in. */
async function probe(world: World, server: Server): Promise<void> {
  const start = Date.now()
  while (server.up && Date.now() - start < RECOVERY) {
    const sent = world.fresh(server, world.steady)
    if ((await world.send(server, sent, 'fresh')) === '200') return
    await Bun.sleep(50)
  }
  world.violations.add(
    'stuck',
    `${server.name} let nothing in within ${RECOVERY} ms of the fault's end`,
  )
}

/** Each process must show each credential as it was left, and let in who is good. */
async function credentialsAreKept(world: World, server: Server): Promise<void> {
  const outcome = await server.command({ do: 'list' })
  if (typeof outcome !== 'object' || !('done' in outcome)) {
    world.violations.add(
      'stuck',
      `${server.name} cannot list credentials: ${JSON.stringify(outcome)}`,
    )
    return
  }
  const listed = new Map((outcome.done as ListedCredential[]).map((row) => [row.id, row]))
  for (const { id, expected } of world.credentials) {
    const row = listed.get(id)
    const shown = row === undefined ? 'absent' : row.revoked ? 'revoked' : 'active'
    if (expected === 'unsure' || expected === shown) continue
    world.violations.add('kept', `${id} must be ${expected}, ${server.name} shows it as ${shown}`)
  }
  const sample = world.dice.shuffle(world.credentials).slice(0, 20)
  await Promise.all(sample.map((known) => world.send(server, world.fresh(server, known), 'fresh')))
}

function fileIsSound(world: World): void {
  const database = new Database(world.settings.path)
  try {
    const rows = database.query('pragma integrity_check').all() as { integrity_check: string }[]
    const told = rows.map((row) => row.integrity_check).join('; ')
    if (told !== 'ok') world.violations.add('sound', told)
  } finally {
    database.close()
  }
}
