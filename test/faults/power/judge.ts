import { Database } from 'bun:sqlite'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMac, type Mac } from '../../../src/index.ts'
import { signed } from '../../support/sign.ts'
import {
  type Acknowledgement,
  DELETED,
  keyOf,
  REVOKED,
  type Stage,
  URL_SIGNED,
} from './acknowledged.ts'
import type { Image } from './disk.ts'
import type { Recording } from './recording.ts'
import type { Traced } from './trace.ts'

/** Which stages a credential may be in: from the one acknowledged last to the one asked for last. */
interface Stages {
  reached: Stage
  asked: Stage
}

/** What was acknowledged up to a moment of a recording. */
export class Acknowledged {
  /** By their timestamps. */
  readonly requests: Map<number, Request[]> = new Map()
  readonly credentials: Map<string, Stages> = new Map()
  readonly #files: Recording['acknowledgements']
  readonly #read = new Map<string, number>()

  constructor({ acknowledgements }: Recording) {
    this.#files = acknowledgements
  }

  /** Takes the next step of the recording. */
  apply(step: Traced): void {
    if (step.what !== 'acknowledged') return
    const from = this.#read.get(step.name) ?? 0
    this.#read.set(step.name, step.length)
    const text = Buffer.from(this.#files.get(step.name)?.subarray(from, step.length) ?? [])
    for (const line of text.toString().split('\n')) {
      if (line !== '') this.#add(JSON.parse(line) as Acknowledgement)
    }
  }

  #add(acknowledgement: Acknowledgement): void {
    const { id } = acknowledgement
    if ('nonce' in acknowledgement) {
      const { ts, nonce } = acknowledgement
      const request = signed(keyOf(id, 1), URL_SIGNED, { ts, nonce })
      const sameTime = this.requests.get(ts)
      if (sameTime === undefined) this.requests.set(ts, [request])
      else sameTime.push(request)
      return
    }
    const stages = this.credentials.get(id) ?? { reached: 0, asked: 0 }
    if ('asked' in acknowledgement) stages.asked = acknowledgement.asked
    else stages.reached = acknowledgement.reached
    this.credentials.set(id, stages)
  }
}

/** What is wrong with an image, in words; what was looked at, in numbers. */
export interface Judged {
  readonly wrong: readonly string[]
  readonly requests: number
  readonly accepted: number
  readonly credentials: number
  readonly missing: number
}

/** Opens an image with the library, and asks for all that was acknowledged. */
export async function judge(
  { files }: Image,
  { requests, credentials }: Acknowledged,
  windowSeconds: number,
  folder: string,
): Promise<Judged> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes)
  const path = join(folder, 'mac.db')
  let clock = 0
  const mac = createMac({
    ...{ database: `sqlite:${path}`, windowSeconds, origin: 'http://api.example.com' },
    now: () => clock,
  })
  const wrong: string[] = []
  let again = 0
  let accepted = 0
  let missing = 0
  try {
    clock = Math.max(0, ...requests.keys())
    await mac.ready()
    missing = await lostChanges(mac, credentials, clock, wrong)
    for (const [ts, sent] of requests) {
      again += sent.length
      // As it was then: what a request is rejected for is its nonce, not its age.
      clock = ts
      const verdicts = await Promise.all(sent.map((request) => mac.verify(request)))
      for (const verdict of verdicts) {
        if (verdict.ok) accepted++
        else if (!FOR_ITS_NONCE.has(verdict.error.code)) wrong.push(`sent again: ${verdict.error}`)
      }
    }
    if (accepted > 0) wrong.push(`${accepted} requests were accepted again`)
  } catch (error) {
    wrong.push(`the library: ${error}`)
  }
  await mac.close().catch((error) => wrong.push(`closing: ${error}`))
  const damage = damageOf(path)
  if (damage !== 'ok') wrong.push(`the database is damaged: ${damage}`)
  return { wrong, accepted, missing, requests: again, credentials: credentials.size }
}

/** A replay, or older than what can be told apart. */
const FOR_ITS_NONCE: ReadonlySet<string> = new Set(['ERR_MAC_REPLAY', 'ERR_MAC_TIMESTAMP_STALE'])

/** @returns How many credentials are not as far as was acknowledged. */
async function lostChanges(
  mac: Mac,
  credentials: Acknowledged['credentials'],
  clock: number,
  wrong: string[],
): Promise<number> {
  const there = new Map((await mac.listCredentials()).map((each) => [each.id, each]))
  let missing = 0
  for (const [id, { reached, asked }] of credentials) {
    const found = there.get(id)
    const { revoked = null, keyNumber = 0 } = found ?? {}
    const gone = asked === DELETED ? DELETED : 0
    const stage = found === undefined ? gone : revoked === null ? keyNumber : REVOKED
    if (stage < reached || stage > asked) {
      missing++
      wrong.push(`the credential ${id} is at stage ${stage}, not from ${reached} to ${asked}`)
    } else if (reached >= REVOKED) {
      const request = signed(keyOf(id, 1), URL_SIGNED, { ts: clock })
      if ((await mac.verify(request)).ok) wrong.push(`${id} is accepted, though it was revoked`)
    }
  }
  return missing
}

function damageOf(path: string): string {
  try {
    const database = new Database(path, { readonly: true })
    try {
      const [row] = database.query('pragma integrity_check').values()
      return String(row?.[0])
    } finally {
      database.close()
    }
  } catch (error) {
    return String(error)
  }
}
