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

/** The options of a process under load, as JSON in its only argument. */
export interface LoadOptions {
  /** The folder of the library's code, unchanged or with mistakes. */
  readonly source: string
  readonly database: string
  readonly windowSeconds: number
  /** A unique name. */
  readonly name: string
  /** Existing credentials, for requests. */
  readonly credentials: readonly string[]
  /** The clock: it shows `from` seconds when the machine shows `at` ms, and goes `speed` times as fast. */
  readonly clock: { readonly from: number; readonly at: number; readonly speed: number }
  readonly milliseconds: number
  readonly seed: number
  readonly sealingKeys: readonly string[] | null
  /** Whether the process removes nonces again and again. */
  readonly prunes: boolean
  /** Re-encrypts all keys with the first sealing key instead, by the function or the command. */
  readonly reseal: 'function' | 'command' | null
}

/*
 * A process under load, on any runtime. It calls its own handler, changes credentials, and notes in a file
 * at once what was acknowledged. Then it closes the database and ends.
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
// If there are credentials, the first commit of the process is a nonce.
if (credentials.length === 0 && (await create(`${name}-steady`))) credentials.push(`${name}-steady`)
if (credentials.length > 0)
  await Promise.all([requests(), requests(), requests(), lives(), removals()])
await mac.close()
process.exit(0)

/** Notes what was acknowledged, in a microtask, together with the rest of its batch. */
function note(acknowledgement: Acknowledgement): void {
  if (lines === '') queueMicrotask(writeDown)
  lines += `${JSON.stringify(acknowledgement)}\n`
}

function writeDown(): void {
  if (lines !== '') writeSync(file, lines)
  lines = ''
  // The tracer records this sync and the length of the file.
  fdatasyncSync(file)
}

async function doing(what: Doing, work: () => Promise<unknown>): Promise<void> {
  const report = (state: 'begun' | 'done' | 'failed') => {
    note({ doing: what, state })
    writeDown()
  }
  report('begun')
  try {
    await work()
  } catch (error) {
    report('failed')
    // The harness must see that the database cannot be opened.
    if (what === 'opening') throw error
    return
  }
  report('done')
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

/** Sends requests, some of them at once. */
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

/** Creates, rotates, revokes and deletes one credential after the other. */
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

/** @returns Whether the change was made. A failure is not noted: another process may hold the lock. */
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
