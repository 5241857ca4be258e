import assert from 'node:assert/strict'
import { join } from 'node:path'
import { goalsTable } from '../report/goals.ts'
import { report } from '../report/results.ts'
import { type Figure, figure, ratio } from '../report/statistics.ts'
import { number, table } from '../report/table.ts'
import { benchArguments } from '../setup/arguments.ts'
import { scratchFolder } from '../setup/folder.ts'
import { startPinned } from '../setup/pinned-server.ts'
import { runOn } from '../setup/run-on.ts'
import { findRuntime, type Runtime, type RuntimeName } from '../setup/runtimes.ts'
import {
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
 * A flood of wrong requests from one address: how long the requests of others take before it and
 * during it, and who gets in. That every right request is let in decides; no time does.
 */

const options = benchArguments()
const MILLISECONDS = options.short ? 1500 : 10_000
const ROUNDS = options.short ? 1 : 5
/** For the flooder to be at work before anything is measured, and to go on until it was. */
const MARGIN = 2000
const folder = scratchFolder()
const generator = await findRuntime('node-24')

/** One round: quantiles in milliseconds, of requests when it is calm and when it floods. */
interface Round {
  readonly calm: Quantiles
  readonly flood: Quantiles
  readonly rate: number
}

interface Quantiles {
  readonly p50: number
  readonly p99: number
}

const measured: { title: string; rounds: Round[] }[] = []
for (const name of ['bun', 'node-24', 'deno'] satisfies RuntimeName[]) {
  const runtime = await findRuntime(name)
  const rounds: Round[] = []
  for (let at = 1; at <= ROUNDS; at++) {
    const round = await runRound(runtime, join(folder, `${name}-${at}.db`))
    const p99s = `${number(round.calm.p99)} ms calm, ${number(round.flood.p99)} ms in the flood`
    console.error(`round ${at}, ${runtime.title}: p99 ${p99s}, at ${number(round.rate)} a second`)
    rounds.push(round)
  }
  measured.push({ title: runtime.title, rounds })
}

const HOW = `A server has one core, and all who send share the other. Clients at ${CLIENT_ADDRESS} send right
requests, four at a time with a pause after each, for ${MILLISECONDS / 1000} seconds; then again, while another address of
this machine sends ${FLOOD_RATE} wrong ones a second, unknown identifiers and wrong MACs in the names of others by
turns. ${FAILURES.requests} refusals in ${FAILURES.seconds} seconds are allowed to an address. In each round, on a new database, this must
hold: every right request is let in, those from the flooder's own address of somebody who has signed
before among them; of the wrong ones no more than allowed come to a look-up, and all others are
answered 429; and nothing is taken off the budgets of those in whose names they were sent. Times are
of whole requests, in milliseconds.`
const head = ['on', 'calm p50', 'p99', 'flood p50', 'p99', 'wrong requests/s']
const rows = measured.map(({ title, rounds }) => {
  const median = (pick: (round: Round) => number) => number(figure(rounds.map(pick)).median)
  const calm = [median(({ calm: { p50 } }) => p50), median(({ calm: { p99 } }) => p99)]
  const flood = [median(({ flood: { p50 } }) => p50), median(({ flood: { p99 } }) => p99)]
  return [title, ...calm, ...flood, median(({ rate }) => rate)]
})
const goals = measured.flatMap(({ title, rounds }) => [
  { what: 'p99 in the flood ÷ p99 calm', where: title, measured: grown(rounds, 'p99'), atMost: 2 },
  { what: 'p50 in the flood ÷ p50 calm', where: title, measured: grown(rounds, 'p50') },
])
report(
  'flood',
  `## A flood from one address\n\n${HOW}\n\n${goalsTable(goals)}\n\n${table(head, rows)}`,
  options,
)

function grown(rounds: readonly Round[], which: keyof Quantiles): Figure {
  const of = (when: 'calm' | 'flood') => rounds.map((round) => round[when][which])
  return ratio(of('flood'), of('calm'))
}

async function runRound(runtime: Runtime, path: string): Promise<Round> {
  const settings: FloodServer = { database: `sqlite:${path}` }
  const server = await startPinned(runtime, 'flood/server.ts', settings, 0)
  try {
    const sending: Sending = { port: server.port, milliseconds: MILLISECONDS }
    const calm = await runOn<ClientResult>(generator, 'flood/clients.ts', sending)
    const longer = { ...sending, milliseconds: MILLISECONDS + MARGIN }
    const [flood, client] = await Promise.all([
      runOn<FloodResult>(generator, 'flood/flooder.ts', longer),
      runOn<ClientResult>(generator, 'flood/clients.ts', sending),
    ])
    assertNobodyLockedOut(flood, [calm.statuses, client.statuses], longer.milliseconds)
    await assertBudgetsUntouched(server.port)
    return { calm: quantiles(calm), flood: quantiles(client), rate: flood.rate }
  } finally {
    await server.stop()
  }
}

function assertNobodyLockedOut(
  { wrong, neighbour }: FloodResult,
  clients: readonly Statuses[],
  milliseconds: number,
): void {
  for (const statuses of [...clients, neighbour]) {
    assert.deepEqual(Object.keys(statuses), ['200'], 'every right request is let in')
  }
  assert.deepEqual(
    Object.keys(wrong),
    ['401', '429'],
    'no wrong one is, and beyond a budget it is 429',
  )
  const windows = Math.ceil(milliseconds / 1000 / FAILURES.seconds) + 1
  // Those that are under way when the last one of the budget is refused may be looked up as well.
  const most = windows * (FAILURES.requests + 16)
  assert.ok((wrong[401] ?? 0) <= most, `${wrong[401]} wrong requests came to a look-up, of ${most}`)
}

/** Each victim's first request is the first that is counted. */
async function assertBudgetsUntouched(port: number): Promise<void> {
  const sender = new Sender(port, CLIENT_ADDRESS)
  for (const victim of VICTIMS) {
    const { status, rateLimit } = await sender.send(victim)
    assert.equal(status, 200, 'who was named by wrong requests is let in')
    assert.match(rateLimit ?? '', new RegExp(`^"requests";r=${REQUESTS.requests - 1};`))
  }
  sender.close()
}

function quantiles({ took }: ClientResult): Quantiles {
  const sorted = [...took].sort((one, other) => one - other)
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99) }
}
