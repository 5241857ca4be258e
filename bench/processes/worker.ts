import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { giveBack, given } from '../setup/run-on.ts'
import { macField } from '../signing/mac-field.ts'
import { fetchRequest } from '../signing/request.ts'
import { createMac } from '../withmac.ts'

/** The settings of one of several processes on a file. */
export interface WorkerSettings {
  readonly path: string
  readonly inFlight: number
  /** The `Authorization` header of a request that all processes get. */
  readonly twin: string
  /** When to begin and to end, in milliseconds since 1970: all processes at the same time. */
  readonly begin: number
  readonly end: number
}

/** How long each verification took, in milliseconds. */
export interface WorkerResult {
  readonly took: readonly number[]
  /** Whether this process accepted the request that all of them got. */
  readonly acceptedTwin: boolean
}

/** The longest pause after a request, in milliseconds, so that the other processes can work too. */
const PAUSE = 4

const { path, inFlight, twin, begin, end } = given<WorkerSettings>()
const mac = createMac({ database: `sqlite:${path}` })
await mac.ready()
const { ok: acceptedTwin } = await mac.verify(fetchRequest(twin))
await setTimeout(Math.max(0, begin - Date.now()))
const took: number[] = []
await Promise.all(Array.from({ length: inFlight }, line))
await mac.close()
giveBack({ took, acceptedTwin } satisfies WorkerResult)

/** Sends one request after the other, at least one. */
async function line(): Promise<void> {
  do {
    const request = fetchRequest(macField())
    const start = performance.now()
    const { ok } = await mac.verify(request)
    took.push(performance.now() - start)
    assert.equal(ok, true)
    await setTimeout(Math.random() * PAUSE)
  } while (Date.now() < end)
}
