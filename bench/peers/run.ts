import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { goalsTable } from '../report/goals.ts'
import { packageVersions } from '../report/packages.ts'
import { report } from '../report/results.ts'
import { figure } from '../report/statistics.ts'
import { number, spread, table } from '../report/table.ts'
import { benchArguments } from '../setup/arguments.ts'
import { runOn } from '../setup/run-on.ts'
import { findRuntime, ROOT, type RuntimeName } from '../setup/runtimes.ts'
import { peersChart } from './chart.ts'
import { goalsOf, type Measurement } from './ratios.ts'
import type { Measured } from './rounds.ts'

/*
 * The whole verification of a request in process, against peers and against the limit.
 */

const PACKAGES = [
  ...['hawk', 'jose', 'http-message-signatures', 'standardwebhooks', 'hmac-auth-express'],
  ...['hono', 'better-auth', '@better-auth/api-key'],
]
const HOW = `The server's side of a GET request with its authorization in a header field, in process. A
contender runs a few thousand requests at a time, again and again in rounds (21 of them, in a full run):
each round has every contender once, in another order. A run's requests are made, signed with a fresh random nonce by the contender's
own client or by \`node:crypto\`, and warmed up upon, before its time is taken. "In flight" are requests
verified at the same time; each wave ends before the next begins. Before anything is timed, each
contender accepts a right request, refuses a changed one, and refuses a replay where "yes" stands, also
as two copies at the same time. A request of withmac on a file is answered when its nonce is on disk, and so is one
of Hawk on SQLite and of the limit, whose commits sync. A wave of withmac waits for its sync. The limit is the fastest HMAC of the
runtime over finished strings, and one bare insert for each wave, of the row that withmac would write:
nothing is parsed, looked up or judged, and no nonce looked for. Ratios are taken within a round.`

const options = benchArguments()
const names: readonly RuntimeName[] = ['bun', 'node-24']
const measurements: Measurement[] = []
for (const name of names) {
  const runtime = await findRuntime(name)
  console.error(`\n${runtime.title}`)
  const measured = await runOn<Measured[]>(runtime, 'peers/measure.ts', options)
  measurements.push({ runtime: name, title: runtime.title, measured })
}
const [first] = measurements
const rows = (first?.measured ?? []).map((one, at) => [
  one.name,
  one.inFlight,
  one.refusesReplay ? 'yes' : 'no',
  ...measurements.flatMap(({ measured }) => {
    const found = figure(measured[at]?.runs ?? [])
    return [number(found.median), spread(found)]
  }),
])
const head = [
  '',
  'in flight',
  'replays refused',
  ...measurements.flatMap(({ title }) => [title, '']),
]
const limits = measurements.map(
  ({ title, measured }) => `${measured.find(({ made }) => made !== undefined)?.made} on ${title}`,
)
const sections = [
  '## Against peers',
  HOW,
  `### Ratios\n\n${goalsTable(measurements.flatMap(goalsOf))}`,
  `### Microseconds for a request\n\n${table(head, rows)}`,
  `Packages: ${packageVersions(PACKAGES)}. HMAC of the limit: ${limits.join('; ')}.`,
]
report('peers', sections.join('\n\n'), options)
const chart = peersChart(measurements)
if (!options.short) writeFileSync(join(ROOT, 'bench/peers.svg'), chart)
