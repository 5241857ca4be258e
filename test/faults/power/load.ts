import { fdatasyncSync, openSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { signed } from '../../support/sign.ts'
import { Random } from '../random.ts'
import {
  type Acknowledgement,
  DELETED,
  type Doing,
  keyOf,
  MOST_KEYS,
  REVOKED,
  type Stage,
  URL_SIGNED,
} from './acknowledged.ts'

/** What a process under load is told at its start, as JSON in its one argument. */
export interface LoadOptions {
  /** Where the library's code is: as it is, or with mistakes. */
  readonly source: string
  readonly database: string
  readonly windowSeconds: number
  /** No other process has the same name. */
  readonly name: string
  /** Credentials that are there already, for requests. */
  readonly credentials: readonly string[]
  /** The clock: seconds since 1970 at a moment of the machine's clock, and how much faster it goes. */
  readonly clock: { readonly from: number; readonly at: number; readonly speed: number }
  readonly milliseconds: number
  readonly seed: number
  readonly sealingKeys: readonly string[] | null
  /** Whether it removes nonces again and again. */
  readonly prunes: boolean
  /** Whether it brings all keys under the first sealing key instead: by the function or the command. */
  readonly reseal: 'function' | 'command' | null
}

/*
 * A process under load, on any runtime. It sends requests to itself and changes credentials, notes in a
 * file what was acknowledged as soon as it was, then closes the database and ends.
 */

const options = JSON.parse(process.argv[2] ?? '') as LoadOptions
const { clock, database, name, windowSeconds } = options
const random = new Random(options.seed)
const file = openSync(`${database}-${name}.acks`, 'a')
let lines = ''

const { createMac } = (await import(
  pathToFileURL(`${options.source}/index.ts`).href
)) as typeof import('../../../src/index.ts')
const now = () => clock.from + ((Date.now() - clock.at) / 1000) * clock.speed
const mac = createMac({
  ...{ database: `sqlite:${database}`, windowSeconds, now, sealingKey: options.sealingKeys },
  origin: 'http://api.example.com',
})
const handler = mac.withMac(() => new Response('in'))

if (options.reseal !== null) {
  await doing('reseal', options.reseal === 'function' ? () => mac.reseal() : resealByCommand)
  await mac.close()
  process.exit(0)
}
await doing('opening', () => mac.ready())
const end = performance.now() + options.milliseconds
const credentials = [...options.credentials]
// With credentials that are there, the first that a process commits is a nonce.
if (credentials.length === 0 && (await create(`${name}-steady`))) credentials.push(`${name}-steady`)
if (credentials.length > 0)
  await Promise.all([requests(), requests(), requests(), lives(), removals()])
await mac.close()
process.exit(0)

/** Notes what was acknowledged: before anything else happens, or together with the rest of its batch. */
function note(acknowledgement: Acknowledgement): void {
  if (lines === '') queueMicrotask(writeDown)
  lines += `${JSON.stringify(acknowledgement)}\n`
}

function writeDown(): void {
  if (lines !== '') writeSync(file, lines)
  lines = ''
  // The tracer takes note of this, and of how long the file is.
  fdatasyncSync(file)
}

async function doing(what: Doing, work: () => Promise<unknown>): Promise<void> {
  const tell = (state: 'begun' | 'done' | 'failed') => {
    note({ doing: what, state })
    writeDown()
  }
  tell('begun')
  try {
    await work()
  } catch (error) {
    tell('failed')
    // A database that cannot be opened is for the harness to know.
    if (what === 'opening') throw error
    return
  }
  tell('done')
}

async function resealByCommand(): Promise<void> {
  const load = (file: string) => import(pathToFileURL(`${options.source}/cli/${file}`).href)
  process.env.MAC_SEALING_KEY = options.sealingKeys?.join(',')
  const args = ['reseal', '--database', database, '--json']
  const [{ Terminal }, { run }] = await Promise.all([
    load('terminal/terminal.ts'),
    load('program.ts'),
  ])
  if ((await run(args, new Terminal(args))) !== 0) throw new Error('not all keys are sealed')
}

/** Sends requests, some at once, now and then in a hurry. */
async function requests(): Promise<void> {
  while (performance.now() < end) {
    const many = random.pick([1, 1, 2, 5, 25])
    await Promise.all(Array.from({ length: many }, request))
    if (random.chance(0.5)) await sleep(random.between(0, 4))
  }
}

async function request(): Promise<void> {
  const id = random.pick(credentials)
  const ts = Math.floor(now()) - random.between(0, 2)
  const nonce = `${name}-${random.between(0, 2 ** 32)}-${random.between(0, 2 ** 32)}`
  const { status } = await handler(signed(keyOf(id, 1), URL_SIGNED, { ts, nonce }))
  if (status === 200) note({ id, ts, nonce })
}

/** Leads one credential after the other through its life, until a change fails. */
async function lives(): Promise<void> {
  for (let number = 1; performance.now() < end; number++) {
    await live(`${name}-${number}`)
    if (random.chance(0.3) && !options.prunes) await doing('prune', () => mac.prune())
    await sleep(random.between(0, 30))
  }
}

async function removals(): Promise<void> {
  while (options.prunes && performance.now() < end) {
    await sleep(random.between(10, 60))
    await doing('prune', () => mac.prune())
  }
}

async function live(id: string): Promise<void> {
  if (!(await create(id))) return
  const keys = random.between(1, MOST_KEYS)
  for (let key = 2; key <= keys; key++) {
    const graceSeconds = random.pick([0, 1])
    const rotation = { key: keyOf(id, key).key, graceSeconds, endEarlierGrace: true }
    if (!(await change(id, key, () => mac.rotateCredential(id, rotation)))) return
  }
  if (random.chance(0.6) && !(await change(id, REVOKED, () => mac.revokeCredential(id)))) return
  if (random.chance(0.3)) await change(id, DELETED, () => mac.deleteCredential(id))
}

function create(id: string): Promise<boolean> {
  return change(id, 1, () => mac.createCredential('ada', { ...keyOf(id, 1), expires: null }))
}

/** @returns Whether it came about. What fails, as while others hold the lock for long, is not noted. */
async function change(id: string, stage: Stage, make: () => Promise<unknown>): Promise<boolean> {
  note({ id, asked: stage })
  writeDown()
  try {
    await make()
  } catch {
    return false
  }
  note({ id, reached: stage })
  writeDown()
  return true
}
