import { Database } from 'bun:sqlite'
import type { ListedCredential } from '../server/commands.ts'
import type { Server } from './server.ts'
import type { World } from './world.ts'

/** How soon after a fault a process must accept a request, in milliseconds. */
const RECOVERY = 5000

/** Checks the invariants of a world while no fault is active. */
export async function audit(world: World): Promise<void> {
  for (const server of world.servers) {
    if (server.crash !== null) world.violations.add('crash', `${server.name}: ${server.crash}`)
  }
  await Promise.all(world.up.map((server) => probe(world, server)))
  await Promise.all(world.up.map((server) => credentialsAreKept(world, server)))
  world.ledger.readLogs(world.violations)
  fileIsSound(world)
}

/** Sends fresh requests until one is accepted. */
async function probe(world: World, server: Server): Promise<void> {
  const start = Date.now()
  while (server.up && Date.now() - start < RECOVERY) {
    const sent = world.fresh(server, world.steady)
    if ((await world.send(server, sent, 'fresh')) === '200') return
    await Bun.sleep(50)
  }
  world.violations.add(
    'stuck',
    `${server.name} accepted nothing within ${RECOVERY} ms after the fault`,
  )
}

/** Checks that a process lists each credential as expected, and accepts the valid ones. */
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
    const problems = rows.map((row) => row.integrity_check).join('; ')
    if (problems !== 'ok') world.violations.add('sound', problems)
  } finally {
    database.close()
  }
}
