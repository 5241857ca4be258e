import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cleanup, cleanupLater, cleanupOnSignals } from '../cleanup.ts'
import { copyWith, type Mistake, SOURCE } from '../mistaken-code.ts'
import { Random } from '../random.ts'
import { runtimeCommand } from '../runtime.ts'
import { Disk, type Image } from './disk.ts'
import { Acknowledged, type Judged, judge } from './judge.ts'
import { HURRIED, POWER_MISTAKES } from './mistakes.ts'
import { buildPreload } from './preload.ts'
import { type Recording, record } from './recording.ts'
import type { Traced } from './trace.ts'

/*
 * Power cuts on real files: what processes under load do to the files of a database is traced, and at
 * many moments of it the files are made as a power cut may leave them. The library opens each such image,
 * and all that was acknowledged by then must be in it. With mistakes in the code something must be lost.
 */

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '300' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    runtime: { type: 'string', default: 'bun' },
  },
})
const images = Number(values.images)
/** How many images are made of one recording. */
const IMAGES_OF_ONE = 50

/** How many images are looked at: at least, and at most while nothing is lost. */
interface Patience {
  readonly least: number
  readonly most: number
}

/** What came of many images. */
class Counts {
  recordings = 0
  images = 0
  /** In how many something was not as the processes saw it last. */
  differing = 0
  requests = 0
  accepted = 0
  credentials = 0
  missing = 0
  bad = 0
  syncsByThreads = 0
  /** What was wrong with the first few. */
  readonly examples: string[] = []

  add({ lost }: Image, { wrong, requests, accepted, credentials, missing }: Judged): void {
    this.images++
    if (lost > 0) this.differing++
    if (wrong.length > 0) this.bad++
    if (this.examples.length < 10) this.examples.push(...wrong.slice(0, 3))
    this.requests += requests
    this.accepted += accepted
    this.credentials += credentials
    this.missing += missing
  }

  toString(): string {
    return (
      `${this.images} images of ${this.recordings} recordings, ` +
      `${this.requests} acknowledged requests sent again, ${this.accepted} accepted; ` +
      `${this.credentials} credentials looked up, ${this.missing} not as acknowledged; ` +
      `${this.bad} of ${this.images} images lost something`
    )
  }
}

cleanupOnSignals()
const root = temporaryFolder(tmpdir())
/** Where images are opened: in memory, if there is room, since the library syncs what it does there. */
const imageFolder = temporaryFolder(hasRoom('/dev/shm') ? '/dev/shm' : tmpdir())
const tracer = buildPreload('trace.c', root)
const command = await runtimeCommand(values.runtime)
let folders = 0
let passed = 0
let failed = 0
console.log(`power cuts, seed ${values.seed}, processes on ${values.runtime}`)
try {
  await run(new Random(Number(values.seed)))
} catch (error) {
  failed++
  console.error('the harness itself failed:', error)
}
await cleanup()
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)

function temporaryFolder(parent: string): string {
  const folder = mkdtempSync(join(parent, 'withmac-power-'))
  cleanupLater(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function hasRoom(path: string): boolean {
  if (!existsSync(path)) return false
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize >= 256 * 2 ** 20
}

async function run(random: Random): Promise<void> {
  const right = await look([], random.branch(), { least: images, most: images })
  check(right.bad === 0, `the code as it is: ${right}`)
  for (const example of right.examples) console.log(`    ${example}`)
  // Where nothing is seen, or nothing is lost, nothing is checked.
  const { requests, credentials, differing, syncsByThreads } = right
  check(
    Math.min(requests, credentials, differing, syncsByThreads) > 0,
    `${differing} images lack something that was not synced, and threads synced the log ${syncsByThreads} times`,
  )
  const patience = { least: Math.max(IMAGES_OF_ONE, images / 50), most: 1000 }
  for (const mistake of POWER_MISTAKES) {
    const counts = await look([mistake], random.branch(), patience)
    check(counts.bad > 0, `control, ${mistake.name}: ${counts}`)
  }
  const forgetful = await look([], random.branch(), patience, false)
  check(forgetful.bad > 0, `control, the disk forgets names of files: ${forgetful}`)
}

function check(holds: boolean, what: string): void {
  if (holds) passed++
  else failed++
  console.log(`${holds ? 'holds  ' : 'BROKEN '} ${what}`)
}

/** Makes recordings and looks at images of each. While one is looked at, the next is made. */
async function look(
  mistakes: readonly Mistake[],
  random: Random,
  { least, most }: Patience,
  keepsNames = true,
): Promise<Counts> {
  const usual = mistakes.length === 0 ? SOURCE : copyWith(mistakes)
  const hurried = copyWith([...HURRIED, ...mistakes])
  const counts = new Counts()
  const next = () => recordOne(random.chance(0.7) ? hurried : usual, random.branch())
  let recording: Promise<Recording> | null = null
  while (counts.images < least || (counts.bad === 0 && counts.images < most)) {
    const done = await (recording ?? next())
    recording = counts.images + IMAGES_OF_ONE < least ? next() : null
    // It is waited for in the next round.
    recording?.catch(() => {})
    await lookAt(done, counts, random.branch(), keepsNames)
  }
  return counts
}

async function recordOne(source: string, random: Random): Promise<Recording> {
  const place = join(root, String(++folders))
  const folder = join(place, 'files')
  mkdirSync(folder, { recursive: true })
  try {
    return await record({ source, command, tracer, folder, trace: join(place, 'trace') }, random)
  } finally {
    rmSync(place, { recursive: true })
  }
}

/** Makes images of a recording, from its beginning to its end, and looks at each. */
async function lookAt(
  recording: Recording,
  counts: Counts,
  random: Random,
  keepsNames: boolean,
): Promise<void> {
  const { steps, windowSeconds } = recording
  const disk = new Disk(keepsNames)
  const acknowledged = new Acknowledged(recording)
  counts.recordings++
  counts.syncsByThreads += recording.syncsByThreads
  let done = 0
  for (const moment of momentsOf(steps, random)) {
    // Where all is synced, a moment later: there is nothing to lose.
    for (; done < moment || (disk.isSynced && done < steps.length); done++) {
      const step = steps[done] as Traced
      disk.apply(step)
      acknowledged.apply(step)
    }
    const image = disk.cut(random)
    counts.add(image, await judge(image, acknowledged, windowSeconds, join(imageFolder, 'image')))
  }
}

/** When the power is cut, by how many steps came before: often just after something was acknowledged. */
function momentsOf(steps: readonly Traced[], random: Random): number[] {
  const acknowledged = steps.flatMap(({ what }, at) => (what === 'acknowledged' ? [at + 1] : []))
  const moments = Array.from({ length: IMAGES_OF_ONE }, () =>
    acknowledged.length > 0 && random.chance(0.5)
      ? random.pick(acknowledged)
      : random.between(0, steps.length),
  )
  return moments.sort((one, other) => one - other)
}
