import { dlopen } from 'bun:ffi'
import { closeSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../random.ts'
import { type Doing, SEALING_KEYS } from './acknowledged.ts'
import type { Beginning } from './beginnings.ts'
import { Disk } from './disk.ts'
import type { LoadOptions } from './load.ts'
import { readTrace, type Traced } from './trace.ts'

/** How long a process may take to start, work and end, in milliseconds. */
const PATIENCE = 60_000
const LOCK_EX = 2
const { flock } = dlopen('libc.so.6', {
  flock: { args: ['i32', 'i32'], returns: 'i32' },
}).symbols
const SCRIPT = join(import.meta.dir, 'load.ts')
const WINDOW_SECONDS = 10

/** What processes on one database did to its files, and what they acknowledged. */
export interface Recording {
  readonly steps: readonly Traced[]
  /** The files of acknowledgements, by name. */
  readonly acknowledgements: ReadonlyMap<string, Uint8Array>
  readonly windowSeconds: number
  readonly beginning: Beginning
  /** The inodes of the files at the beginning, by name. */
  readonly inodes: ReadonlyMap<string, string>
  /** How often a thread that is not the main thread has synced the log. */
  readonly syncsByThreads: number
}

/** The options of a recording. */
export interface RecordingChoice {
  /** The folder of the library's code. */
  readonly source: string
  /** The command that runs a script. */
  readonly command: readonly string[]
  /** The path of the tracer. */
  readonly tracer: string
  /** An empty folder for the database, and the path of the trace. */
  readonly folder: string
  readonly trace: string
  readonly beginning: Beginning
  /** The work that the recording is about. For short work the load is short. */
  readonly focus: Doing | null
}

/**
 * Runs processes on one database, in one to three turns. Some are killed, the others close it. When the
 * last process of a turn closes it, the log is removed, and the next turn begins a new one.
 *
 * @throws Error if the trace is not complete.
 */
export async function record(choice: RecordingChoice, random: Random): Promise<Recording> {
  const { folder, trace, beginning, focus } = choice
  const isShort = focus === 'opening' || focus === 'reseal'
  const inodes = new Map<string, string>()
  for (const [name, content] of beginning.files) {
    writeFileSync(join(folder, name), content)
    inodes.set(name, String(statSync(join(folder, name)).ino))
  }
  const clock = {
    from: beginning.clock,
    at: Date.now(),
    speed: focus === 'prune' ? 20 : random.pick([1, 20]),
  }
  const turns = random.between(1, isShort ? 2 : 3)
  for (let turn = 1; turn <= turns; turn++) {
    const known = [...beginning.credentials, ...steadyCredentials(folder)]
    const credentials = random.chance(0.8) ? known : []
    const start = (number: number, reseal: LoadOptions['reseal']) =>
      work(choice, random.branch(), {
        ...{ source: choice.source, database: join(folder, 'mac.db'), clock, credentials, reseal },
        ...{ windowSeconds: WINDOW_SECONDS, name: `${beginning.prefix}${turn}-${number}` },
        milliseconds: isShort ? random.between(50, 300) : random.between(100, 900),
        seed: random.between(0, 2 ** 32 - 1),
        prunes: focus === 'prune',
        sealingKeys: focus === 'reseal' ? SEALING_KEYS : null,
      })
    const load = Array.from({ length: random.between(1, 3) }, (_, number) => start(number, null))
    const others =
      focus === 'reseal' ? [start(load.length, random.pick(['function', 'command']))] : []
    await Promise.all([...load, ...others])
  }
  const steps = readTrace(trace)
  const acknowledgements = new Map(
    acknowledgementFiles(folder).map((name) => [name, readFileSync(join(folder, name))]),
  )
  const syncsByThreads = steps.filter(isSyncByThread).length
  const recording = {
    ...{ steps, acknowledgements, windowSeconds: WINDOW_SECONDS, beginning, inodes },
    syncsByThreads,
  }
  checkComplete(recording, folder)
  return recording
}

/** @returns The disk at the beginning of a recording. */
export function diskOf({ beginning, inodes }: Recording, keepsNames = true): Disk {
  const disk = new Disk(keepsNames)
  for (const [name, content] of beginning.files) disk.begin(name, inodes.get(name) ?? '', content)
  return disk
}

async function work(
  { command, tracer, folder, trace }: RecordingChoice,
  random: Random,
  options: LoadOptions,
): Promise<void> {
  const child = Bun.spawn([...command, SCRIPT, JSON.stringify(options)], {
    env: {
      ...process.env,
      ...{ LD_PRELOAD: tracer, WITHMAC_TRACE: trace, WITHMAC_TRACE_FOLDER: folder },
    },
    stdout: 'ignore',
    stderr: 'pipe',
  })
  const kill = () => whileNobodyWrites(trace, () => child.kill('SIGKILL'))
  let isLate = false
  const late = () => {
    isLate = true
    kill()
  }
  const timers = [setTimeout(late, PATIENCE)]
  if (random.chance(0.4)) timers.push(setTimeout(kill, random.between(300, 1500)))
  const [code, stderr] = await Promise.all([child.exited, new Response(child.stderr).text()])
  for (const timer of timers) clearTimeout(timer)
  if (isLate) throw new Error(`a process under load did not end: ${stderr}`)
  if (code !== 0 && child.signalCode !== 'SIGKILL') {
    throw new Error(`a process under load ended with ${code}: ${stderr}`)
  }
}

/** Runs `work` while no process is between a write to a file and its record in the trace. */
function whileNobodyWrites(trace: string, work: () => void): void {
  const file = openSync(trace, 'a')
  // Closing the file releases the lock.
  try {
    if (flock(file, LOCK_EX) !== 0) throw new Error('flock failed')
    work()
  } finally {
    closeSync(file)
  }
}

/** @returns The acknowledged credentials for requests. */
function steadyCredentials(folder: string): string[] {
  return acknowledgementFiles(folder).flatMap((name) =>
    [...readFileSync(join(folder, name), 'utf8').matchAll(/"id":"(.*-steady)","reached"/g)].map(
      ([, id]) => id as string,
    ),
  )
}

function acknowledgementFiles(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.acks'))
}

const NOTHING = Buffer.alloc(0)

/** Throws if the files differ from the trace: then a write or a truncation was not traced. */
function checkComplete(recording: Recording, folder: string): void {
  const disk = diskOf(recording)
  for (const step of recording.steps) disk.apply(step)
  const expected = disk.now()
  const there = readdirSync(folder).filter((name) => !/(-shm|\.acks)$/.test(name))
  for (const name of new Set([...expected.keys(), ...there])) {
    // Bun creates empty files without the tracer: see disk.ts.
    const file = there.includes(name) ? readFileSync(join(folder, name)) : NOTHING
    const traced = expected.get(name) ?? NOTHING
    if (Buffer.compare(file, traced) === 0) continue
    const sizes = `${file.length} bytes, not the ${traced.length} that were traced`
    throw new Error(`the trace of ${name} is not complete: ${sizes}`)
  }
}

function isSyncByThread(step: Traced): boolean {
  return (
    step.what === 'sync ended' &&
    step.dataAlone &&
    step.name.endsWith('-wal') &&
    step.thread !== step.process
  )
}
