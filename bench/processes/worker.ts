import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { giveBack, given } from '../setup/run-on.ts'
import { macField } from '../signing/mac-field.ts'
import { fetchRequest } from '../signing/request.ts'
import { createMac, type Durability } from '../withmac.ts'

/** What one of several processes on a file does. */
export interface WorkerSettings {
  readonly path: string
  readonly durability: Durability
  readonly inFlight: number
  /** When to begin and to end, in milliseconds since 1970: all processes at the same time. */
  readonly begin: number
  readonly end: number
}

/** How long each verification took, in milliseconds. */
export interface WorkerResult {
  readonly took: readonly number[]
}

/** Between two requests of a line, in milliseconds at the most: the other processes want to work too. */
const PAUSE = 4

const { path, durability, inFlight, begin, end } = given<WorkerSettings>()
const mac = createMac({ database: `sqlite:${path}`, durability })
await mac.ready()
await setTimeout(begin - Date.now())
const took: number[] = []
await Promise.all(Array.from({ length: inFlight }, line))
await mac.close()
giveBack({ took } satisfies WorkerResult)

/** Requests one after the other. */
async function line(): Promise<void> {
  while (Date.now() < end) {
    const request = fetchRequest(macField())
    const start = performance.now()
    const { ok } = await mac.verify(request)
    took.push(performance.now() - start)
    assert.equal(ok, true)
    await setTimeout(Math.random() * PAUSE)
  }
}
