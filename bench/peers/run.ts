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
 * The whole verification of a request in one process, compared with peers and with the limit.
 */

const PACKAGES = [
  ...['hawk', 'jose', 'http-message-signatures', 'standardwebhooks', 'hmac-auth-express'],
  ...['hono', 'better-auth', '@better-auth/api-key'],
]
const HOW = `The verification of a GET request with its authorization in a header field, in one process. In each round (21 in a full run)
every contender runs once, with a few thousand requests, in another order each time. Before the time is taken, the
requests of a run are made, signed with a new random nonce by the contender's own client or by \`node:crypto\`, and some are
used to warm up. "In flight" are requests that are verified at the same time; each wave ends before the next begins.
Before the runs, each contender accepts a valid request, rejects a changed one, and, if the column says "yes", rejects a
replay, also one of two simultaneous copies. withmac on a file answers when the nonce is on disk, and so do Hawk on SQLite
and the limit, whose commits sync. A wave of withmac waits for its sync. The limit is the fastest HMAC of the runtime over
finished strings, and one bare insert per wave, of the row that withmac would write: it parses nothing, reads nothing, and
checks neither timestamps nor nonces. Ratios are computed within each round.`

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
  one.rejectsReplay ? 'yes' : 'no',
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
  `### Microseconds per request\n\n${table(head, rows)}`,
  `Packages: ${packageVersions(PACKAGES)}. HMAC of the limit: ${limits.join('; ')}.`,
]
report('peers', sections.join('\n\n'), options)
const chart = peersChart(measurements)
if (!options.short) writeFileSync(join(ROOT, 'bench/peers.svg'), chart)
