import assert from 'node:assert/strict'
import { join } from 'node:path'
import { collectGarbage } from '../setup/collect.ts'
import { scratchFolder } from '../setup/folder.ts'
import { giveBack, given } from '../setup/run-on.ts'
import { macField } from '../signing/mac-field.ts'
import { fetchRequest, ID, KEY } from '../signing/request.ts'
import { createMac } from '../withmac.ts'

/** How many requests to send, and after how many to measure the memory. */
export interface MemorySettings {
  readonly requests: number
  readonly every: number
}

/** The memory of a process, in MiB. */
export interface MemoryResult {
  /** The resident set, at the start and at each measurement. */
  readonly mebibytes: readonly number[]
  /** The heap in use after a garbage collection: at the first measurement, and at the end. */
  readonly heap: readonly number[]
}

const IN_FLIGHT = 64
/** With this window and rate, 10,000 nonces are kept. */
const WINDOW_SECONDS = 10
const PER_SECOND = 1000

const { requests, every } = given<MemorySettings>()
const base = Math.floor(Date.now() / 1000)
let moment = base
const mac = createMac({
  database: `sqlite:${join(scratchFolder(), 'mac.db')}`,
  windowSeconds: WINDOW_SECONDS,
  now: () => moment,
})
await mac.createCredential('ada', { id: ID, key: KEY, expires: null })
const first = fetchRequest(macField(moment))
assert.equal((await mac.verify(first)).ok, true)
assert.equal((await mac.verify(first)).ok, false)

const mebibytes = [resident()]
const heap: number[] = []
for (let done = 0; done < requests; ) {
  const until = Math.min(done + every, requests)
  for (; done < until; done += IN_FLIGHT) {
    moment = base + Math.floor(done / PER_SECOND)
    const wave = Array.from({ length: IN_FLIGHT }, () => fetchRequest(macField(moment)))
    for (const { ok } of await Promise.all(wave.map((one) => mac.verify(one)))) assert.ok(ok)
  }
  mebibytes.push(resident())
  console.error(`${done} requests: ${mebibytes.at(-1)?.toFixed(1)} MiB`)
  if (heap.length === 0 || done >= requests) heap.push(await heapInUse())
}
await mac.close()
giveBack({ mebibytes, heap } satisfies MemoryResult)

/** @returns The resident set, without a garbage collection before. */
function resident(): number {
  return process.memoryUsage.rss() / 2 ** 20
}

/** @returns The heap in use after a garbage collection. */
async function heapInUse(): Promise<number> {
  await collectGarbage()
  return process.memoryUsage().heapUsed / 2 ** 20
}
