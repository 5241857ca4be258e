import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cleanupLater } from '../cleanup.ts'
import { copyWith, SOURCE } from '../mistaken-code.ts'
import type { Random } from '../random.ts'
import type { Control, Engine, Fault, Kind, Stage } from './fault.ts'
import { TcpProxy } from './tcp-proxy.ts'
import { recover, replayAll, startLoad } from './world/traffic.ts'
import { World } from './world/world.ts'

const PER_SECOND = 150
const THREE = Array.from({ length: 3 }, () => ({ clock: 0, windowSeconds: 5 }))
const KEY = { id: 'ada', key: 'a-key-that-holds-128-bits' }
/** How long a round may take, in milliseconds. */
const DEADLINE = 120_000

/** What a round is about. */
export interface RoundChoice<Store extends Engine> {
  readonly kind: Kind<Store>
  readonly fault: Fault<Store>
  /** `null`: with all guards. */
  readonly control: Control<Store> | null
  readonly random: Random
  /** The command that runs the script of a server. */
  readonly command: readonly string[]
}

export interface RoundResult {
  readonly world: World
  /** How long after the fault all servers had accepted a request, in milliseconds. 0 with a control. */
  readonly recovered: number
  readonly seconds: number
}

/** Runs one fault under load, and then checks that everything works again. */
export async function runRound<Store extends Engine>(
  choice: RoundChoice<Store>,
): Promise<RoundResult> {
  const undos: (() => unknown)[] = []
  const end = async () => {
    for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) await undo()
  }
  cleanupLater(end)
  let timer: Timer | undefined
  const late = new Promise<never>((_, reject) => {
    const why = `the round "${choice.fault.name}" did not end within ${DEADLINE / 1000} seconds`
    timer = setTimeout(() => reject(new Error(why)), DEADLINE)
  })
  try {
    return await Promise.race([run(choice, (undo) => undos.push(undo)), late])
  } finally {
    clearTimeout(timer)
    await end()
  }
}

async function run<Store extends Engine>(
  choice: RoundChoice<Store>,
  later: Stage<Store>['later'],
): Promise<RoundResult> {
  const start = performance.now()
  const { fault, control } = choice
  const stage = await setUp(choice, later)
  const { world, random } = stage
  await control?.prepare?.(stage)
  const load = startLoad(world, PER_SECOND)
  await Bun.sleep(random.between(600, 1000))
  await fault.run(stage)
  const end = Date.now()
  // With a control, clients get a moment to connect again.
  const recovering = control === null ? recover(world, end) : Bun.sleep(700).then(() => 0)
  const [recovered] = await Promise.all([recovering, replayAll(world)])
  await load.stop()
  await replayAll(world)
  world.readLedgers()
  if (!fault.felt(world.tally)) world.violations.add('felt', fault.name)
  return { world, recovered, seconds: (performance.now() - start) / 1000 }
}

/** Starts the store, the proxy before it, and the servers. */
async function setUp<Store extends Engine>(
  { kind, fault, control, random, command }: RoundChoice<Store>,
  later: Stage<Store>['later'],
): Promise<Stage<Store>> {
  const folder = mkdtempSync(join(tmpdir(), 'withmac-faults-'))
  later(() => rmSync(folder, { recursive: true, force: true }))
  const store = await fault.start(later)
  later(() => store.end())
  const proxy = await TcpProxy.start(store.port)
  later(() => proxy.stop())
  const { mistakes = [], entry: own } = control ?? {}
  const code = mistakes.length > 0 ? copyWith(mistakes) : SOURCE
  const entry = pathToFileURL(own ?? join(code, 'index.ts')).href
  const { timeoutSeconds = 5, graceMs = 1500, loses, skews = true } = fault
  const choices = (fault.servers ?? THREE).map((server) => ({ ...server, entry }))
  const storeTimeoutSeconds = control?.timeoutSeconds ?? timeoutSeconds
  const mac = { ...kind.options(proxy.port, folder), storeTimeoutSeconds }
  const settings = { folder, command, mac, timeoutSeconds, graceMs, loses, skews, choices }
  const world = new World(settings, KEY, random.branch())
  later(() => world.end())
  const first = await world.start(0)
  const made = await first.order({ do: 'create', ...KEY })
  if (typeof made === 'string' || made.outcome !== '200') {
    throw new Error(`no credential: ${JSON.stringify(made)}, ${JSON.stringify(first.refusal)}`)
  }
  await Promise.all(choices.slice(1).map((_, place) => world.start(place + 1)))
  return { world, store, proxy, random, later }
}
