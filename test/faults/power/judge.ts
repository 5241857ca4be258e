import { Database } from 'bun:sqlite'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMac, type Mac } from '../../../src/index.ts'
import { signed } from '../../support/sign.ts'
import {
  type Acknowledgement,
  DELETED,
  type Doing,
  keyOf,
  MOST_KEYS,
  REVOKED,
  SEALING_KEYS,
  type Stage,
  URL_SIGNED,
} from './acknowledged.ts'
import type { Image } from './disk.ts'
import type { Recording } from './recording.ts'
import type { Traced } from './trace.ts'

/** The possible stages of a credential: from the last acknowledged one to the last requested one. */
interface Stages {
  reached: Stage
  asked: Stage
}

/** Everything that was acknowledged up to a moment of a recording. */
export class Acknowledged {
  /** Accepted requests by timestamp. */
  readonly requests: Map<number, Request[]> = new Map()
  readonly credentials: Map<string, Stages> = new Map()
  /** The latest timestamp of a request. */
  latest: number
  /** Whether all keys were re-encrypted with the first sealing key. */
  isResealed = false
  readonly #files: Recording['acknowledgements']
  readonly #read = new Map<string, number>()
  /** The unfinished work of the processes, by file of acknowledgements. */
  readonly #doing = new Map<string, Doing>()

  constructor({ acknowledgements, beginning }: Recording) {
    this.#files = acknowledgements
    this.latest = beginning.clock
    const before = beginning.acknowledged
    if (before instanceof Acknowledged) {
      for (const [ts, sent] of before.requests) this.requests.set(ts, [...sent])
      for (const [id, stages] of before.credentials) this.credentials.set(id, { ...stages })
    } else {
      for (const each of before) this.#add(each, '')
    }
  }

  isDoing(doing: Doing): boolean {
    return [...this.#doing.values()].includes(doing)
  }

  /** Applies the next step of the recording. */
  apply(step: Traced): void {
    if (step.what !== 'acknowledged') return
    const from = this.#read.get(step.name) ?? 0
    this.#read.set(step.name, step.length)
    const text = Buffer.from(this.#files.get(step.name)?.subarray(from, step.length) ?? [])
    for (const line of text.toString().split('\n')) {
      if (line !== '') this.#add(JSON.parse(line) as Acknowledgement, step.name)
    }
  }

  #add(acknowledgement: Acknowledgement, file: string): void {
    if ('doing' in acknowledgement) {
      const { doing, state } = acknowledgement
      if (state === 'begun') this.#doing.set(file, doing)
      else this.#doing.delete(file)
      if (doing === 'reseal' && state === 'done') this.isResealed = true
      return
    }
    const { id } = acknowledgement
    if ('nonce' in acknowledgement) {
      const { ts, nonce } = acknowledgement
      const request = signed(keyOf(id, 1), URL_SIGNED, { ts, nonce })
      this.latest = Math.max(this.latest, ts)
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

/** What can be wrong with an image. */
export const LOSSES = {
  accepted: 'requests accepted again',
  missing: 'credentials not as acknowledged',
  rejected: 'credentials rejected with their key',
  revoked: 'credentials accepted though revoked',
  damaged: 'databases damaged',
  other: 'other failures',
} as const

export type Loss = keyof typeof LOSSES

/** What is wrong with an image, and how much was checked. */
export interface Judged {
  readonly wrong: readonly { readonly loss: Loss; readonly text: string }[]
  readonly requests: number
  /** How many requests were rejected as replays, and not only as too old. */
  readonly known: number
  readonly credentials: number
}

/** Opens an image with the library, and checks everything that was acknowledged. */
export async function judge(
  { files }: Image,
  { requests, credentials, latest, isResealed }: Acknowledged,
  windowSeconds: number,
  folder: string,
): Promise<Judged> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes)
  const path = join(folder, 'mac.db')
  let clock = latest
  const mac = createMac({
    ...{ database: `sqlite:${path}`, windowSeconds, origin: 'http://api.example.com' },
    now: () => clock,
    // After all keys were re-encrypted with the first sealing key, the second is not needed.
    sealingKey: isResealed ? SEALING_KEYS[0] : SEALING_KEYS,
  })
  const wrong: { loss: Loss; text: string }[] = []
  const lost: Lose = (loss, text) => wrong.push({ loss, text })
  let again = 0
  let known = 0
  try {
    await mac.ready()
    for (const [ts, sent] of requests) {
      again += sent.length
      // The clock goes back, so that the nonce decides and not the age.
      clock = ts
      const verdicts = await Promise.all(sent.map((request) => mac.verify(request)))
      for (const verdict of verdicts) {
        if (verdict.ok) lost('accepted', `a request with the timestamp ${ts} was accepted again`)
        else if (verdict.error.code === 'ERR_MAC_REPLAY') known++
        else if (verdict.error.code !== 'ERR_MAC_TIMESTAMP_STALE') {
          lost('other', `sent again: ${verdict.error}`)
        }
      }
    }
    // Above the floor of nonces that were removed by processes with the fastest clock.
    clock = latest + LATER
    await lookAtCredentials(mac, credentials, clock, lost)
  } catch (error) {
    lost('other', `the library: ${error}`)
  }
  await mac.close().catch((error) => lost('other', `closing: ${error}`))
  const damage = damageOf(path)
  if (damage !== 'ok') lost('damaged', `the database is damaged: ${damage}`)
  return { wrong, requests: again, known, credentials: credentials.size }
}

/** In seconds: longer than a process under load lives by its own clock. */
const LATER = 600

type Lose = (loss: Loss, text: string) => void

/** Checks that each credential has an acknowledged stage, and is accepted or rejected accordingly. */
async function lookAtCredentials(
  mac: Mac,
  credentials: Acknowledged['credentials'],
  clock: number,
  lost: Lose,
): Promise<void> {
  const there = new Map((await mac.listCredentials()).map((each) => [each.id, each]))
  const verify = (id: string, key: number) =>
    mac.verify(signed(keyOf(id, key), URL_SIGNED, { ts: clock }))
  const look = async (id: string, { reached, asked }: Stages) => {
    const found = there.get(id)
    const { revoked = null, keyNumber = 0 } = found ?? {}
    const gone = asked === DELETED ? DELETED : 0
    const stage = found === undefined ? gone : revoked === null ? keyNumber : REVOKED
    if (stage < reached || stage > asked) {
      lost('missing', `the credential ${id} is at stage ${stage}, not from ${reached} to ${asked}`)
    } else if (stage === REVOKED) {
      for (let key = 1; key <= MOST_KEYS; key++) {
        if ((await verify(id, key)).ok) lost('revoked', `${id} is accepted, though it was revoked`)
      }
    } else if (stage > 0 && stage < REVOKED) {
      const verdict = await verify(id, stage)
      if (!verdict.ok)
        lost('rejected', `${id} is rejected, with its key ${stage}: ${verdict.error}`)
    }
  }
  await Promise.all([...credentials].map(([id, stages]) => look(id, stages)))
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
