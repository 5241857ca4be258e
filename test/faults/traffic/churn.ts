import { randomBytes } from 'node:crypto'
import type { Action, CommandOutcome } from '../server/commands.ts'
import { type KnownCredential, knownCredential } from '../world/known-credential.ts'
import type { Server } from '../world/server.ts'
import type { World } from '../world/world.ts'
import { isEnding, storeIsHindered } from './explained.ts'
import { type Running, runLanes } from './load.ts'

/** Creates, revokes, deletes and recreates credentials under load. */
export function startChurn(world: World, pause: number): Running {
  let next = Date.now() + pause * world.dice.next()
  return runLanes(1, async () => {
    await Bun.sleep(10)
    if (Date.now() < next) return
    await churnOnce(world)
    next = Date.now() + world.dice.between(pause / 2, pause * 2)
  })
}

async function churnOnce(world: World): Promise<void> {
  const { dice, up } = world
  if (up.length === 0) return
  const server = dice.pick(up)
  const others = world.credentials.slice(1).filter(({ taken }) => !taken)
  const active = others.filter(({ expected }) => expected === 'active')
  const absent = others.filter(({ expected }) => expected === 'absent')
  const kind = dice.next()
  if (kind < 0.4 || active.length < 3) await create(world, server)
  else if (kind < 0.7) await revoke(world, server, dice.pick(active))
  else if (kind < 0.85 || absent.length === 0) await remove(world, server, dice.pick(active))
  else await create(world, server, dice.pick(absent))
}

/** Creates a credential, or creates a deleted one again with the same key. */
export async function create(
  world: World,
  server: Server,
  known: KnownCredential = newCredential(world),
): Promise<KnownCredential> {
  const { id, key, algorithm } = known
  known.status.set('either')
  known.expected = 'unsure'
  const options = { id, key, algorithm, expires: null }
  const done = await act(world, server, { do: 'create', user: `user-${id}`, options })
  if (done) settle(known, 'good', 'active')
  if (done && !world.credentials.includes(known)) world.credentials.push(known)
  return known
}

export async function revoke(world: World, server: Server, known: KnownCredential): Promise<void> {
  known.status.set('either')
  known.expected = 'unsure'
  const done = await act(world, server, { do: 'revoke', id: known.id })
  if (done) settle(known, 'bad', 'revoked')
}

export async function remove(world: World, server: Server, known: KnownCredential): Promise<void> {
  known.status.set('either')
  known.expected = 'unsure'
  const done = await act(world, server, { do: 'delete', id: known.id })
  if (done) settle(known, 'bad', 'absent')
}

/** @returns A credential that is not in the database yet. */
export function newCredential({ dice }: World): KnownCredential {
  const algorithm = dice.pick(['hmac-sha-1', 'hmac-sha-256'] as const)
  return knownCredential(randomBytes(8).toString('hex'), randomBytes(24).toString('hex'), algorithm)
}

function settle(
  known: KnownCredential,
  status: 'good' | 'bad',
  expected: KnownCredential['expected'],
): void {
  known.status.set(status)
  known.expected = expected
}

/** Sends a command to a process. If it fails without a reason, adds a violation. */
async function act(world: World, server: Server, action: Action): Promise<boolean> {
  const from = Date.now()
  const outcome = await server.command(action)
  if (typeof outcome === 'object' && 'done' in outcome) return true
  const text = `${JSON.stringify(action)} by ${server.name}: ${JSON.stringify(outcome)}`
  if (outcome === 'timeout') world.violations.add('stuck', `no answer in time: ${text}`)
  else if (!mayFail(world, server, outcome, from)) world.violations.add('reason', text)
  return false
}

function mayFail(world: World, server: Server, outcome: CommandOutcome, from: number): boolean {
  if (outcome === 'lost') return isEnding(server, Date.now())
  const { code } = outcome as { code: string }
  if (code === 'ERR_MAC_CLOSED') return isEnding(server, Date.now())
  return code === 'ERR_MAC_STORE' && storeIsHindered(world, server, from, Date.now())
}
