import type { Profiler } from 'node:inspector'

/** The share of the time in each place, in percent. */
export type Shares = Readonly<Record<string, number>>

/** The names for functions of the runtime. */
const NATIVE: Readonly<Record<string, string>> = {
  '(garbage collector)': 'collecting garbage',
  all: 'SQLite',
  run: 'SQLite',
  exec: 'SQLite',
  postMessage: 'messages to the thread that syncs',
  hash: 'hashing (node:crypto)',
  oneShotDigest: 'hashing (node:crypto)',
  hexWrite: 'hashing (node:crypto)',
  write: 'hashing (node:crypto)',
  get: "reading the request's fields (Fetch)",
}

/** Adds up the samples of a profile by place. */
export function sharesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Shares {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]))
  const times = new Map<string, number>()
  let whole = 0
  samples.forEach((id, at) => {
    const place = places.get(id)
    const time = timeDeltas[at] ?? 0
    if (place == null) return
    times.set(place, (times.get(place) ?? 0) + time)
    whole += time
  })
  return Object.fromEntries([...times].map(([place, time]) => [place, (100 * time) / whole]))
}

/** @returns The place of a sample, or `null` if the process was idle. */
function placeOf({ functionName, url }: Profiler.ProfileNode['callFrame']): string | null {
  if (functionName === '(idle)' || url === 'node:inspector') return null
  const [, ours] = url.split('/src/')
  if (ours === 'store/drivers/node-sqlite.ts') return 'SQLite'
  if (ours !== undefined) return `src/${ours}`
  if (url.includes('/bench/')) return 'the bench itself'
  if (url === 'node:internal/per_context/messageport') return NATIVE.postMessage ?? null
  const native = NATIVE[functionName]
  if (native !== undefined) return native
  return functionName.startsWith('RegExp:')
    ? 'patterns over the header'
    : 'elsewhere in the runtime'
}
