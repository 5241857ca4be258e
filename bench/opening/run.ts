import { type FilledDatabase, fillDatabase, PER_SECOND } from '../growth/fill.ts'
import { type Goal, goalsTable } from '../report/goals.ts'
import { report } from '../report/results.ts'
import { type Figure, figure } from '../report/statistics.ts'
import { number, spread, table } from '../report/table.ts'
import { benchArguments } from '../setup/arguments.ts'
import { scratchFolder } from '../setup/folder.ts'
import { runOn } from '../setup/run-on.ts'
import { findRuntime, type RuntimeName } from '../setup/runtimes.ts'
import type { OpeningResult } from './measure.ts'

/*
 * How long it takes to open a database whose window is full, and how much memory its nonces need.
 */

const options = benchArguments()
const pace = options.short
  ? { sizes: [0, 1e4, 1e5], rounds: 1 }
  : { sizes: [0, 1e5, 1e6, 1e7], rounds: 3 }
/** The size whose time has a goal, and the one whose memory has. With fewer nonces, other memory counts too much. */
const FAST = 1e6
const LARGE = 1e7
const folder = scratchFolder()
const databases: FilledDatabase[] = []
for (const size of pace.sizes) {
  console.error(`a database of ${size.toLocaleString('en-US')} nonces`)
  databases.push(await fillDatabase(folder, size))
}

/** The result for a database, without the memory of an empty one. */
interface Opened {
  readonly size: number
  readonly milliseconds: Figure
  readonly pause: Figure
  /** Bytes per nonce. `null` for the empty database. */
  readonly bytes: Figure | null
}

const names: readonly RuntimeName[] = ['bun', 'node-24', 'deno']
const measured: { title: string; opened: Opened[] }[] = []
for (const name of names) {
  const runtime = await findRuntime(name)
  console.error(runtime.title)
  const runs = databases.map((): OpeningResult[] => [])
  for (let round = 0; round < pace.rounds; round++) {
    for (const [at, database] of databases.entries()) {
      runs[at]?.push(await runOn<OpeningResult>(runtime, 'opening/measure.ts', database))
    }
  }
  const empty = runs[0] ?? []
  const opened = databases.map(({ size }, at): Opened => {
    const own = runs[at] ?? []
    const taken = own.map(({ resident }, round) => resident - (empty[round]?.resident ?? 0))
    return {
      size,
      milliseconds: figure(own.map(({ milliseconds }) => milliseconds)),
      pause: figure(own.map(({ pause }) => pause)),
      bytes: size === 0 ? null : figure(taken.map((bytes) => bytes / size)),
    }
  })
  measured.push({ title: runtime.title, opened })
}

const HOW = `A new process opens a file database with ${PER_SECOND.toLocaleString('en-US')} nonces per second of a full
window, 25 nonces per row of the journal. The time is from \`createMac\` to the end of \`ready()\`, with code that has not
run before. The pause is the longest turn of the event loop in that time. Memory is the resident set after a garbage
collection, minus that of a process that opened an empty database. Then each process rejects nonces of the database, also
the oldest and the newest, and accepts a new one.`
const goals = measured.flatMap(({ title, opened }) =>
  opened.flatMap(({ size, milliseconds, bytes }): Goal[] => {
    if (bytes === null) return []
    const nonces = `${size.toLocaleString('en-US')} nonces`
    const open = { what: `opening with ${nonces}`, where: title, measured: milliseconds }
    const memory = { what: `memory for one of ${nonces}`, where: title, measured: bytes }
    return [
      { ...open, ...(size === FAST && { atMost: 600 }), unit: ' ms' },
      { ...memory, ...(size === LARGE && { atMost: 20 }), unit: ' bytes' },
    ]
  }),
)
const head = ['', 'nonces', 'ms', '', 'pause ms', '', 'bytes a nonce', '']
const rows = measured.flatMap(({ title, opened }) =>
  opened.map(({ size, milliseconds, pause, bytes }) => [
    title,
    size.toLocaleString('en-US'),
    ...[milliseconds, pause, bytes].flatMap((each) =>
      each === null ? ['', ''] : [number(each.median), spread(each)],
    ),
  ]),
)
report('opening', `## Opening\n\n${HOW}\n\n${goalsTable(goals)}\n\n${table(head, rows)}`, options)
