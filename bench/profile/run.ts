import { report } from '../report/results.ts'
import { table } from '../report/table.ts'
import { benchArguments } from '../setup/arguments.ts'
import { runOn } from '../setup/run-on.ts'
import { findRuntime } from '../setup/runtimes.ts'
import type { ProfileResult, ProfileSettings } from './measure.ts'

/*
 * How the time of a verification is divided, by the profiler of Node.
 */

const options = benchArguments()
const settings: ProfileSettings = { requests: options.short ? 8192 : 160_000 }
const runtime = await findRuntime('node-24')
console.error(runtime.title)
const found = await runOn<ProfileResult>(runtime, 'profile/measure.ts', settings)

/** Smaller shares than this are added up in one line. */
const LEAST = 1
const places = [...new Set(found.flatMap(({ shares }) => Object.keys(shares)))]
const most = (place: string) => Math.max(...found.map(({ shares }) => shares[place] ?? 0))
const shown = places.filter((place) => most(place) >= LEAST).sort((a, b) => most(b) - most(a))
const rows = shown.map((place) => [
  place,
  ...found.map(({ shares }) => percent(shares[place] ?? 0)),
])
const rest = found.map(({ shares }) =>
  percent(
    places.reduce((sum, place) => sum + (shown.includes(place) ? 0 : (shares[place] ?? 0)), 0),
  ),
)
rows.push(['all else', ...rest])

const HOW = `In percent of the busy time of ${runtime.title}, by its own profiler, which slows down small functions. "SQLite" is
everything in the driver: the query for the newest row, the insert and the commit, with its sync. If the disk is slow, a
thread syncs, which is not profiled.`
const head = ['where', ...found.map(({ name }) => name)]
report('profile', `## Where the time goes\n\n${HOW}\n\n${table(head, rows)}`, options)

function percent(share: number): string {
  return share.toFixed(1)
}
