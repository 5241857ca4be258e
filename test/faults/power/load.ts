import { fdatasyncSync, openSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { signed } from '../../support/sign.ts'
import { Random } from '../random.ts'
import {
  type Acknowledgement,
  DELETED,
  keyOf,
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
  ...{ database: `sqlite:${database}`, windowSeconds, now },
  origin: 'http://api.example.com',
})
const handler = mac.withMac(() => new Response('in'))

await mac.ready()
const end = performance.now() + options.milliseconds
const credentials = [...options.credentials]
// With credentials that are there, the first that a process commits is a nonce.
if (credentials.length === 0 && (await create(`${name}-steady`))) credentials.push(`${name}-steady`)
if (credentials.length > 0) await Promise.all([requests(), requests(), requests(), lives()])
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
    if (random.chance(0.3)) await mac.prune().catch(() => {})
    await sleep(random.between(0, 30))
  }
}

async function live(id: string): Promise<void> {
  if (!(await create(id))) return
  const keys = random.between(1, 3)
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
