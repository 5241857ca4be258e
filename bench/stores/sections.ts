import type { Goal } from '../report/goals.ts'
import { figure, ratio } from '../report/statistics.ts'
import { number, spread, table } from '../report/table.ts'
import type { SharedRun } from './http.ts'
import { IN_FLIGHT } from './recorders.ts'
import type { Revocation } from './revocation.ts'
import { type Description, KINDS, type Kind, type Measured, type Run } from './rounds.ts'
import { REDIS_RATE, type Space } from './space.ts'
import { SHARED, type Shared } from './stores.ts'

/** The connections of the generator to all servers together. */
export const CONNECTIONS = 64

/** The runs of several servers on one kind of stores. */
export interface Served {
  readonly kind: Shared
  readonly processes: number
  readonly runs: SharedRun[]
}

/** Everything that was measured on a runtime. */
export interface OnRuntime {
  readonly title: string
  readonly measured: readonly Measured[]
  readonly served: readonly Served[]
  readonly revoked: readonly { readonly kind: Shared; readonly all: readonly Revocation[] }[]
}

export const HOW: string = `The engines, the servers and the generator share the cores of the machine, which limits all figures.
The engines have their default settings: PostgreSQL syncs each commit, or does not if \`synchronous_commit\` is off; Redis
keeps nothing on disk. The store records nonces without requests: when one is recorded, the next one begins, so that as
many as named are in flight. The store hashes each nonce, checks it against the floor, the clock and lost data, and reads
the version of the credentials.

It is compared with a tight loop by the same driver, in batches as large, and as many at a time, as the store may send.
Plain inserts go into a table like that of the store, by a named statement; their rows are ready before; at a replay they
fail. SET NX sets one key for each nonce. "The script alone" is the command that the store sends to Redis, with the
fingerprints computed before, and without requests that wait for it. Before the runs, each contender shows that it records, and the store that it
rejects replays, also one of two simultaneous copies. "CPU" is the processor time of all processes of the engine, "own CPU"
is that of the process that records, both in microseconds per nonce. Bytes per nonce are those of a new table with its
index after 1,000,000 nonces, and the growth of used_memory with ${number(REDIS_RATE)} nonces per second.

Over HTTP, wrk spreads its connections over the ports of the servers, without a proxy. Before the measurement, all servers
get copies of one request at once, and exactly one copy is accepted; during it, every answer is a 200. For revocations,
one process revokes credentials with which two servers get requests all the time.`

type Name = Pick<Description, 'kind' | 'synchronous'>

/** What is compared, and the goal for its throughput with many in flight. */
const COMPARED: readonly {
  readonly store: Name
  readonly plain: Kind
  readonly atLeast?: number
}[] = [
  { store: { kind: 'postgres', synchronous: 'on' }, plain: 'insert', atLeast: 0.65 },
  { store: { kind: 'postgres', synchronous: 'off' }, plain: 'insert', atLeast: 0.65 },
  { store: { kind: 'script', synchronous: null }, plain: 'set', atLeast: 0.9 },
  { store: { kind: 'redis', synchronous: null }, plain: 'set' },
  { store: { kind: 'redisAndPostgres', synchronous: null }, plain: 'set' },
]
const MANY = 64

/** @returns The ratios and figures that have goals. */
export function goalsOf(results: readonly OnRuntime[], space: Space): Goal[] {
  return [
    ...results.flatMap(({ title, measured }) => recordingGoals(title, measured)),
    bytes('bytes per nonce in PostgreSQL', space.postgres, 110),
    bytes('bytes per nonce in Redis', space.redis, 12),
    ...results.flatMap(({ title, revoked }) =>
      revoked.map(({ kind, all }): Goal => {
        const late = all.filter(({ lastAcceptedBegan }) => lastAcceptedBegan > 0).length
        const what = `accepted after ${all.length} revocations, ${SHARED[kind]}`
        return { what, where: title, measured: figure([late]), atMost: 0 }
      }),
    ),
  ]
}

/** @returns Microseconds per nonce of each contender. */
export function recordingTable(results: readonly OnRuntime[]): string {
  const columns = results.flatMap(({ title }) => [title, '', 'CPU', 'own CPU', 'batch'])
  const [first] = results
  const rows = (first?.measured ?? []).map((described, at) => [
    nameOf(described),
    described.inFlight,
    ...results.flatMap(({ measured }) => {
      const { runs = [], batch = null } = measured[at] ?? {}
      const took = figure(runs.map((run) => run.took))
      const median = (pick: (run: Run) => number) => number(figure(runs.map(pick)).median)
      const times = [median(({ engine }) => engine), median(({ own }) => own)]
      return [number(took.median), spread(took), ...times, batch === null ? '' : number(batch)]
    }),
  ])
  return table(['', 'in flight', ...columns], rows)
}

/** @returns How many requests per second the servers answered, and how long one took. */
export function httpTable(results: readonly OnRuntime[]): string {
  const times = ['p50 ms', 'p99 ms', 'servers CPU µs', 'engines CPU µs', 'generator CPU µs']
  const rows = results.flatMap(({ title, served }) =>
    served.map(({ kind, processes, runs }) => {
      const rate = figure(runs.map((run) => run.rate))
      const median = (pick: (run: SharedRun) => number) => number(figure(runs.map(pick)).median)
      return [
        ...[title, SHARED[kind], processes, number(rate.median), spread(rate)],
        ...[median(({ p50 }) => p50 / 1000), median(({ p99 }) => p99 / 1000)],
        ...[median(({ serversCpu }) => serversCpu), median(({ enginesCpu }) => enginesCpu)],
        median((run) => (run.generatorCpu * 1e6) / run.rate),
      ]
    }),
  )
  return table(['', '', 'processes', 'requests/s', '', ...times], rows)
}

/** @returns When the last request began that was accepted, and when the first was rejected. */
export function revocationTable(results: readonly OnRuntime[]): string {
  const rows = results.flatMap(({ title, revoked }) =>
    revoked.map(({ kind, all }) => {
      const before = all.map(({ lastAcceptedBegan }) => -lastAcceptedBegan)
      const began = figure(before)
      const rejected = figure(all.map(({ firstRejected }) => firstRejected))
      const last = [number(began.median), spread(began), number(Math.min(...before))]
      return [title, SHARED[kind], all.length, ...last, number(rejected.median), spread(rejected)]
    }),
  )
  const head = ['', '', 'revocations', 'last accepted', '', 'least', 'first rejected', '']
  return `Milliseconds: how long before the answer of \`revokeCredential\` the last accepted request began, and how long
after the answer the first rejection came. Both include the time of the client, which shares the cores.\n\n${table(head, rows)}`
}

function recordingGoals(title: string, measured: readonly Measured[]): Goal[] {
  const runsOf = ({ kind, synchronous }: Name, inFlight: number) =>
    measured.find(
      (one) => one.kind === kind && one.synchronous === synchronous && one.inFlight === inFlight,
    )?.runs ?? []
  return COMPARED.flatMap(({ store, plain, atLeast }) =>
    IN_FLIGHT.filter((inFlight) => inFlight > 1).flatMap((inFlight): Goal[] => {
      const what = `${nameOf(store)} ÷ ${KINDS[plain]}, ${inFlight} in flight`
      const ours = runsOf(store, inFlight)
      const theirs = runsOf({ ...store, kind: plain }, inFlight)
      const took = (runs: readonly Run[]) => runs.map((run) => run.took)
      const cpu = (runs: readonly Run[]) => runs.map((run) => run.engine)
      const throughput = ratio(took(theirs), took(ours))
      return [
        ...(inFlight < MANY
          ? []
          : [
              {
                what: `${what}: throughput`,
                where: title,
                measured: throughput,
                ...(atLeast !== undefined && { atLeast }),
              },
            ]),
        ...(plain === 'set'
          ? []
          : [
              {
                what: `${what}: CPU`,
                where: title,
                measured: ratio(cpu(ours), cpu(theirs)),
                atMost: 1.5,
              },
            ]),
      ]
    }),
  )
}

function bytes(what: string, measured: number, atMost: number): Goal {
  return { what, where: 'each', measured: figure([measured]), atMost }
}

function nameOf({ kind, synchronous }: Name): string {
  const commits = synchronous === null ? '' : `, ${synchronous === 'on' ? '' : 'not '}synced`
  return `${KINDS[kind]}${commits}`
}
