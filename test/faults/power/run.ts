import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cleanup, cleanupLater, cleanupOnSignals } from '../cleanup.ts'
import { copyWith, SOURCE } from '../mistaken-code.ts'
import { Random } from '../random.ts'
import { runtimeCommand } from '../runtime.ts'
import type { Doing } from './acknowledged.ts'
import { type Beginning, NOTHING } from './beginnings.ts'
import type { Image } from './disk.ts'
import { Acknowledged, type Judged, judge, LOSSES, type Loss } from './judge.ts'
import { KINDS, type Kind, momentsOf } from './kinds.ts'
import { HURRIED, POWER_MISTAKES, type PowerMistake } from './mistakes.ts'
import { buildPreload } from './preload.ts'
import { diskOf, type Recording, record } from './recording.ts'
import type { Traced } from './trace.ts'

/*
 * Power cuts on real files. The tracer records what processes under load do to the files of a database. For
 * many moments, the files are made as a power cut may leave them. The library opens each such image, and
 * everything that was acknowledged before must be in it. With mistakes in the code something must be lost.
 */

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '300' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    runtime: { type: 'string', default: 'bun' },
    // Only one kind.
    kind: { type: 'string' },
  },
})
const images = Number(values.images)
const kinds = KINDS.filter(({ name }) => values.kind === undefined || values.kind === name)
if (kinds.length === 0) throw new Error(`--kind takes ${KINDS.map(({ name }) => name).join(', ')}.`)
/** How many images are made from one recording, at most. */
const IMAGES_OF_ONE = 50
const LOSS_NAMES = Object.keys(LOSSES) as readonly Loss[]

/** How many images to check: at least `least`, and up to `most` while nothing is lost. */
interface Patience {
  readonly least: number
  readonly most: number
}

/** The results of many images. */
class Counts {
  recordings = 0
  images = 0
  /** How many differ from what the processes saw last. */
  differing = 0
  /** How many have the power cut in the middle of the work of their kind. */
  within = 0
  /** How many were made during a checkpoint: the database file itself was not synced. */
  checkpoints = 0
  requests = 0
  known = 0
  credentials = 0
  bad = 0
  syncsByThreads = 0
  readonly losses: Map<Loss, number> = new Map()
  /** Examples of what was wrong. */
  readonly examples: string[] = []

  add({ lost }: Image, { wrong, requests, known, credentials }: Judged): void {
    this.images++
    if (lost > 0) this.differing++
    if (wrong.length > 0) this.bad++
    this.requests += requests
    this.known += known
    this.credentials += credentials
    for (const { loss, text } of wrong) {
      const before = this.losses.get(loss) ?? 0
      this.losses.set(loss, before + 1)
      if (before < 3) this.examples.push(text)
    }
  }

  has(losses: readonly Loss[]): boolean {
    return losses.some((loss) => this.losses.has(loss))
  }

  toString(): string {
    const losses = [...this.losses].map(([loss, many]) => `${many} ${LOSSES[loss]}`).join(', ')
    return (
      `${this.images} images of ${this.recordings} recordings, ${this.requests} acknowledged requests ` +
      `sent again (${this.known} of them known), ${this.credentials} credentials looked up: ${losses || 'nothing lost'} ` +
      `(${this.bad} of ${this.images} images)`
    )
  }
}

cleanupOnSignals()
const root = temporaryFolder(tmpdir())
/** The folder for images. It is in memory if there is room, because the library syncs its writes. */
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
  const threads: number[] = []
  for (const kind of kinds) {
    const many = kinds.length === 1 ? images : Math.ceil(images * kind.share)
    const right = await look(kind, null, random.branch(), { least: many, most: many })
    check(right.bad === 0, `${kind.title}: ${right}`)
    for (const example of right.examples) console.log(`    ${example}`)
    // The check is worth nothing if these numbers are 0.
    const { known, credentials, differing, checkpoints } = right
    const within = kind.focus === null ? right.images : right.within
    check(
      Math.min(known, credentials, differing, within) > 0,
      `${differing} of them lost something that was not synced, ` +
        `${within} were cut in the middle of the work, ${checkpoints} in a checkpoint`,
    )
    if (kind.name === 'load') check(checkpoints > 0, `${checkpoints} were cut in a checkpoint`)
    threads.push(right.syncsByThreads)
  }
  if (values.kind === undefined)
    check(Math.max(...threads) > 0, `threads synced the log ${threads.join(', ')} times`)
  const patience = { least: Math.max(10, images / 50), most: 1000 }
  for (const mistake of POWER_MISTAKES) {
    const kind = kinds.find(({ name }) => name === mistake.kind)
    if (kind === undefined) continue
    const counts = await look(kind, mistake, random.branch(), patience)
    check(counts.has(mistake.shows), `control, ${kind.title}, ${mistake.name}: ${counts}`)
  }
  const [load] = kinds
  if (load?.name !== 'load') return
  const forgetful = await look(load, null, random.branch(), patience, false)
  const names = forgetful.has(['accepted', 'missing'])
  check(names, `control, the disk forgets names of files: ${forgetful}`)
}

function check(holds: boolean, what: string): void {
  if (holds) passed++
  else failed++
  const seconds = Math.round(performance.now() / 1000)
  console.log(`${holds ? 'holds  ' : 'BROKEN '} ${what}, after ${seconds} s`)
}

/** Makes recordings, and checks images of each. Makes the next recording at the same time. */
async function look(
  kind: Kind,
  mistake: PowerMistake | null,
  random: Random,
  { least, most }: Patience,
  keepsNames = true,
): Promise<Counts> {
  const mistakes = mistake === null ? [] : [mistake]
  const usual = mistakes.length === 0 ? SOURCE : copyWith(mistakes)
  const hurried = copyWith([...HURRIED, ...mistakes])
  const counts = new Counts()
  const next = async () => {
    const source = random.chance(0.7) ? hurried : usual
    const record = (own: Random) => recordOne(source, NOTHING, null, own)
    const beginning = await kind.begin({ root: imageFolder, record }, random.branch())
    return recordOne(source, beginning, kind.focus, random.branch())
  }
  // Several recordings of each kind, even for few images.
  const ofOne = Math.max(5, Math.min(IMAGES_OF_ONE, Math.ceil(least / 4)))
  const shown = () => counts.has(mistake?.shows ?? LOSS_NAMES)
  let recording: Promise<Recording> | null = null
  while (counts.images < least || (!shown() && counts.images < most)) {
    const done = await (recording ?? next())
    recording = counts.images + ofOne < least ? next() : null
    // The next round waits for it.
    recording?.catch(() => {})
    await lookAt(
      done,
      kind,
      Math.min(ofOne, most - counts.images),
      counts,
      random.branch(),
      keepsNames,
    )
  }
  return counts
}

async function recordOne(
  source: string,
  beginning: Beginning,
  focus: Doing | null,
  random: Random,
): Promise<Recording> {
  const place = join(root, String(++folders))
  const folder = join(place, 'files')
  mkdirSync(folder, { recursive: true })
  const trace = join(place, 'trace')
  try {
    return await record({ source, command, tracer, folder, trace, beginning, focus }, random)
  } finally {
    rmSync(place, { recursive: true })
  }
}

/** Makes images of a recording, from its beginning to its end, and checks each. */
async function lookAt(
  recording: Recording,
  kind: Kind,
  many: number,
  counts: Counts,
  random: Random,
  keepsNames: boolean,
): Promise<void> {
  const { steps, windowSeconds } = recording
  const disk = diskOf(recording, keepsNames)
  const acknowledged = new Acknowledged(recording)
  counts.recordings++
  counts.syncsByThreads += recording.syncsByThreads
  let done = 0
  for (const moment of momentsOf(recording, kind, many, random)) {
    // If everything is synced there is nothing to lose, so the cut comes a little later.
    for (; done < moment || (disk.isSynced && done < steps.length); done++) {
      const step = steps[done] as Traced
      disk.apply(step)
      acknowledged.apply(step)
    }
    if (kind.focus !== null && acknowledged.isDoing(kind.focus)) counts.within++
    if (disk.isUnsynced('mac.db')) counts.checkpoints++
    const image = disk.cut(random)
    counts.add(image, await judge(image, acknowledged, windowSeconds, join(imageFolder, 'image')))
  }
}
