import { join } from 'node:path'
import { goalsTable } from '../report/goals.ts'
import { packageVersions } from '../report/packages.ts'
import { report } from '../report/results.ts'
import { figure } from '../report/statistics.ts'
import { number, spread, table } from '../report/table.ts'
import { benchArguments } from '../setup/arguments.ts'
import { scratchFolder } from '../setup/folder.ts'
import { findRuntime, type Runtime, type RuntimeName } from '../setup/runtimes.ts'
import { KINDS, type Kind } from './kinds.ts'
import { type HttpMeasurement, httpGoals, type Scene, sceneTitle } from './ratios.ts'
import { type HttpRun, runOnce } from './run-once.ts'
import { writeSignedFields } from './signed-file.ts'
import { assertTools } from './wrk.ts'

/*
 * Requests per second over loopback, with and without a verification before the handler.
 */

const options = benchArguments()
assertTools()
const pace = options.short
  ? { warmSeconds: 0, seconds: 1, rounds: 1, fields: 150_000 }
  : { warmSeconds: 1, seconds: 3, rounds: 3, fields: 700_000 }
const folder = scratchFolder()
const fields = { MAC: join(folder, 'mac.txt'), Hawk: join(folder, 'hawk.txt') }
console.error('signing requests')
writeSignedFields(fields.MAC, 'MAC', pace.fields)
writeSignedFields(fields.Hawk, 'Hawk', pace.fields)

/** The kinds that run in each scene. The first scene has all, the others show the effect of its settings. */
const most: readonly Kind[] = ['plain', 'file', 'hawk']
const scenes: readonly { readonly scene: Scene; readonly kinds: readonly Kind[] }[] = [
  { scene: { connections: 64, pinned: true }, kinds: Object.keys(KINDS) as Kind[] },
  { scene: { connections: 256, pinned: true }, kinds: options.short ? ['file'] : most },
  { scene: { connections: 64, pinned: false }, kinds: options.short ? ['file'] : most },
]
const names: readonly RuntimeName[] = ['bun', 'node-24', 'deno']
const measurements: HttpMeasurement[] = []
const entries: { runtime: Runtime; kinds: readonly Kind[]; measurement: HttpMeasurement }[] = []
for (const runtime of await Promise.all(names.map(findRuntime))) {
  // Deno has only the first scene, because it has no goals.
  for (const { scene, kinds } of runtime.name === 'deno' ? scenes.slice(0, 1) : scenes) {
    const runs = { plain: [], memory: [], file: [], before: [], hawk: [] }
    const measurement = { runtime: runtime.name, title: runtime.title, scene, runs }
    measurements.push(measurement)
    const taking = kinds.filter((kind) => kind !== 'before' || options.before !== null)
    entries.push({ runtime, kinds: taking, measurement })
  }
}
for (let round = 1; round <= pace.rounds; round++) {
  for (const { runtime, kinds, measurement } of entries) {
    const { title, scene, runs } = measurement
    for (const kind of kinds) {
      const settings = { ...pace, ...scene, folder, fields, before: options.before }
      const run = await runOnce(runtime, kind, settings)
      runs[kind].push(run)
      const where = `${title}, ${sceneTitle(scene)}, ${KINDS[kind]}`
      console.error(`round ${round}, ${where}: ${number(run.rate)}/s`)
    }
  }
}

const HOW = `GET requests over loopback, ${pace.seconds} seconds per run after
${pace.warmSeconds} to warm up. In each of ${pace.rounds} rounds every server ran once, in a new process with a new
database. The server has one core and the generator, wrk, has the other; if they are not pinned, both use all cores.
withmac on a file answers when the nonce is on disk. Requests are signed before the bench, each with a new random nonce,
and wrk reads them from a file. Before the measurement, each server rejects an unsigned request, a replay and a changed
request. During the measurement, every answer must be a 200. Fetch handlers run on Bun.serve, on node:http with
@hono/node-server, and on Deno.serve. Hawk runs on the runtime's node:http. The last columns show the share of its core
that the server used, and that the generator used. If the server's share is near 100 % and the generator's is not, the
server is what is measured. If the generator's share is near 100 %, as with the plain handler, the server could do more,
and a ratio to it is an upper bound. "CPU µs" is the processor time that the server needed per request, in all of its
threads.`

const latencies = ['p50 ms', 'p99 ms', 'p99.9 ms']
const head = ['', '', '', 'requests/s', '', ...latencies, 'CPU µs', 'server', 'generator']
const rows = entries.flatMap(({ kinds, measurement: { title, scene, runs } }) =>
  kinds.map((kind) => [title, sceneTitle(scene), KINDS[kind], ...cells(runs[kind])]),
)
const sections = [
  '## Over HTTP',
  HOW,
  `### Ratios\n\n${goalsTable(measurements.flatMap(httpGoals))}`,
  `### Requests a second, and how long one takes\n\n${table(head, rows)}`,
  `Packages: ${packageVersions(['@hono/node-server', 'hawk'])}.`,
]
report('http', sections.join('\n\n'), options)

function cells(runs: readonly HttpRun[]): string[] {
  const rate = figure(runs.map((run) => run.rate))
  const median = (pick: (run: HttpRun) => number) => figure(runs.map(pick)).median
  return [
    number(rate.median),
    spread(rate),
    number(median(({ p50 }) => p50 / 1000)),
    number(median(({ p99 }) => p99 / 1000)),
    number(median(({ p999 }) => p999 / 1000)),
    number(median(({ serverCpu, rate: every }) => (serverCpu * 1e6) / every)),
    `${number(100 * median(({ serverCpu }) => serverCpu))} %`,
    `${number(100 * median(({ generatorCpu }) => generatorCpu))} %`,
  ]
}
