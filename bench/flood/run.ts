import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type Goal, goalsTable } from '../report/goals.ts'
import { report } from '../report/results.ts'
import { figure, ratio } from '../report/statistics.ts'
import { number, spread, table } from '../report/table.ts'
import { benchArguments } from '../setup/arguments.ts'
import { scratchFolder } from '../setup/folder.ts'
import { runOn } from '../setup/run-on.ts'
import { findRuntime, type Runtime, type RuntimeName } from '../setup/runtimes.ts'
import { startServer } from '../setup/server.ts'
import {
  CLIENT,
  CLIENT_ADDRESS,
  type ClientResult,
  FAILURES,
  FLOOD_RATE,
  type FloodResult,
  type FloodServer,
  REQUESTS,
  type Sending,
  type Statuses,
  VICTIMS,
} from './scene.ts'
import { Sender } from './sender.ts'

/*
 * A flood of wrong requests from one address: how long the requests of others take before and during the
 * flood, and which are accepted. The bench fails if a valid request is rejected, and not for any time.
 */

const options = benchArguments()
const MILLISECONDS = options.short ? 500 : 5000
const ROUNDS = options.short ? 1 : 3
const WARM = options.short ? 10 : 200
/** How much longer the flood is than the measurement, in milliseconds. */
const MARGIN = options.short ? 300 : 2000
/** How many passwords are hashed at the same time: many more than the thread pool of the runtime has threads. */
const SCRYPTS = 64
const folder = scratchFolder()
const generator = await findRuntime('node-24')

/** How long the requests of clients take, in milliseconds. */
interface Quantiles {
  readonly p50: number
  readonly p99: number
}

/** The scenes of a round, by their names in the tables. Deno has no scenes with hashing: it has no thread pool. */
const SCENES = {
  calm: 'calm',
  flood: 'flood',
  hashing: `flood, ${SCRYPTS} scrypts`,
  inMemory: 'the same, SQLite in memory',
} as const
type Scene = keyof typeof SCENES

/** The times of one round, and how many wrong requests were sent per second without hashing. */
interface Round {
  readonly quantiles: Readonly<Partial<Record<Scene, Quantiles>>>
  readonly rate: number
}

const measured: { title: string; rounds: Round[] }[] = []
for (const name of ['bun', 'node-24', 'deno'] satisfies RuntimeName[]) {
  const runtime = await findRuntime(name)
  const rounds: Round[] = []
  for (let at = 1; at <= ROUNDS; at++) {
    const round = await runRound(runtime, join(folder, `${name}-${at}`))
    const p99s = scenesOf(round).map(([scene, { p99 }]) => `${number(p99)} ms ${SCENES[scene]}`)
    console.error(`round ${at}, ${runtime.title}: p99 ${p99s.join('; ')}`)
    rounds.push(round)
  }
  measured.push({ title: runtime.title, rounds })
}

const HOW = `The server has one core, and all senders share the other. Clients at ${CLIENT_ADDRESS} send valid requests, four
at a time with a pause after each, for ${MILLISECONDS / 1000} seconds. They do so again while another address of this machine sends
${FLOOD_RATE} wrong requests per second, with unknown identifiers and with wrong MACs for others' identifiers in turn. The rate
limit is ${FAILURES.requests} failed requests in ${FAILURES.seconds} seconds per address. Each round has a new database, and checks: every valid
request is accepted, also from the flooder's own address if its credential is cached; at most the allowed number of
wrong requests causes a look-up, and all others get a 429; the rate limits of the credentials that the flooder names are
not used up. Times are of whole requests, in milliseconds. The flood is repeated on a server that hashes ${SCRYPTS}
passwords at a time with scrypt, so that each thread of the pool is busy and needs the core; and on one that does the
same with its database in memory, which shows how much of the time is the wait for the core. Deno hashes each password in
its own thread, so it has no pool to keep busy.`
const rows = measured.flatMap(({ title, rounds }) =>
  (Object.keys(SCENES) as Scene[]).flatMap((scene) => {
    const runs = (which: keyof Quantiles) => runsOf(rounds, scene, which)
    if (runs('p50').length === 0) return []
    return [[title, SCENES[scene], ...times(runs('p50')), ...times(runs('p99'))]]
  }),
)
const goals = measured.flatMap(({ title, rounds }) => {
  const grown = (
    what: string,
    which: keyof Quantiles,
    one: Scene,
    other: Scene,
    bound: Partial<Goal> = {},
  ): Goal[] => {
    const [ours, theirs] = [runsOf(rounds, one, which), runsOf(rounds, other, which)]
    if (ours.length === 0 || theirs.length === 0) return []
    return [{ what, where: title, measured: ratio(ours, theirs), ...bound }]
  }
  const hashing = `p99 in the flood, ${SCRYPTS} scrypts`
  return [
    ...grown('p99 in the flood ÷ p99 calm', 'p99', 'flood', 'calm', { atMost: 2 }),
    ...grown('p50 in the flood ÷ p50 calm', 'p50', 'flood', 'calm'),
    ...grown(`${hashing} ÷ without them`, 'p99', 'hashing', 'flood'),
    ...grown(`${hashing} ÷ with SQLite in memory`, 'p99', 'hashing', 'inMemory'),
  ]
})
const rates = measured.map(
  ({ title, rounds }) => `${number(figure(rounds.map(({ rate }) => rate)).median)} on ${title}`,
)
const sections = [
  '## A flood from one address',
  HOW,
  goalsTable(goals),
  table(['on', '', 'p50', '', 'p99', ''], rows),
  `Wrong requests a second: ${rates.join('; ')}.`,
]
report('flood', sections.join('\n\n'), options)

function scenesOf({ quantiles }: Round): [Scene, Quantiles][] {
  return Object.entries(quantiles) as [Scene, Quantiles][]
}

/** @returns The times of a scene in each round that has it. */
function runsOf(rounds: readonly Round[], scene: Scene, which: keyof Quantiles): number[] {
  return rounds.flatMap(({ quantiles }) => quantiles[scene]?.[which] ?? [])
}

function times(runs: readonly number[]): string[] {
  const found = figure(runs)
  return [number(found.median), spread(found)]
}

async function runRound(runtime: Runtime, path: string): Promise<Round> {
  const sending = (port: number): Sending => ({ port, milliseconds: MILLISECONDS, warm: WARM })
  const quiet = { database: `sqlite:${path}.db`, scrypts: 0 }
  const { calm, flood, rate } = await onServer(runtime, quiet, async (port) => {
    const before = await runOn<ClientResult>(generator, 'flood/clients.ts', sending(port))
    assertAccepted(before.statuses)
    return { calm: quantiles(before), ...(await flooded(port)) }
  })
  const hashing = (database: string) =>
    onServer(runtime, { database, scrypts: SCRYPTS }, async (port) => {
      const found = await flooded(port)
      await assertHashes(port)
      return found.flood
    })
  if (runtime.name === 'deno') return { quantiles: { calm, flood }, rate }
  const onDisk = await hashing(`sqlite:${path}-hashing.db`)
  const inMemory = await hashing('sqlite::memory:')
  return { quantiles: { calm, flood, hashing: onDisk, inMemory }, rate }

  async function flooded(port: number): Promise<{ flood: Quantiles; rate: number }> {
    const longer = { ...sending(port), milliseconds: MILLISECONDS + MARGIN }
    const [flood, client] = await Promise.all([
      runOn<FloodResult>(generator, 'flood/flooder.ts', longer),
      runOn<ClientResult>(generator, 'flood/clients.ts', sending(port)),
    ])
    assertAccepted(client.statuses)
    assertAccepted(flood.neighbour)
    assertRejected(flood)
    await assertLimitsUnused(port)
    return { flood: quantiles(client), rate: flood.rate }
  }
}

async function onServer<Result>(
  runtime: Runtime,
  settings: FloodServer,
  work: (port: number) => Promise<Result>,
): Promise<Result> {
  const server = await startServer(runtime, 'flood/server.ts', settings, { core: 0 })
  try {
    return await work(server.port)
  } finally {
    await server.stop()
  }
}

function assertAccepted(statuses: Statuses): void {
  assert.deepEqual(Object.keys(statuses), ['200'], 'every valid request is accepted')
}

function assertRejected({ wrong, milliseconds }: FloodResult): void {
  assert.deepEqual(
    Object.keys(wrong),
    ['401', '429'],
    'no wrong request is accepted, and above the limit it gets a 429',
  )
  const windows = Math.ceil(milliseconds / 1000 / FAILURES.seconds) + 1
  // Requests that are in flight when the limit is exhausted may be looked up too.
  const most = windows * (FAILURES.requests + 16)
  assert.ok((wrong[401] ?? 0) <= most, `${wrong[401]} wrong requests were looked up, of ${most}`)
}

/** Checks that each victim's first request is the first one that is counted. */
async function assertLimitsUnused(port: number): Promise<void> {
  const sender = new Sender(port, CLIENT_ADDRESS)
  for (const victim of VICTIMS) {
    const { status, rateLimit } = await sender.send(victim)
    assert.equal(status, 200, 'a victim of wrong requests is accepted')
    assert.match(rateLimit ?? '', new RegExp(`^"requests";r=${REQUESTS.requests - 1};`))
  }
  sender.close()
}

/** Throws if no passwords were hashed. */
async function assertHashes(port: number): Promise<void> {
  const sender = new Sender(port, CLIENT_ADDRESS)
  const { body } = await sender.send(CLIENT)
  assert.ok(Number(body) > 0, 'passwords were hashed')
  sender.close()
}

function quantiles({ took }: ClientResult): Quantiles {
  const sorted = [...took].sort((one, other) => one - other)
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99) }
}
