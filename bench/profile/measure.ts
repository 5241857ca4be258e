import assert from 'node:assert/strict'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'
import type { Contender } from '../peers/contender.ts'
import { withmacInFile, withmacWithoutStore } from '../peers/contenders/withmac.ts'
import { collectGarbage } from '../setup/collect.ts'
import { scratchFolder } from '../setup/folder.ts'
import { giveBack, given } from '../setup/run-on.ts'
import { type Shares, sharesOf } from './shares.ts'

/** How many requests to verify under the profiler. */
export interface ProfileSettings {
  readonly requests: number
}

/** The shares of the time for each contender. */
export type ProfileResult = readonly { readonly name: string; readonly shares: Shares }[]

const INTERVAL_US = 100
/** How many requests a round has. They are made before, without the profiler. */
const ROUND = 8192

const { requests } = given<ProfileSettings>()
const folder = scratchFolder()
const session = new Session()
session.connect()
await session.post('Profiler.enable')
await session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US })
const found: { name: string; shares: Shares }[] = []
for (const contender of [withmacWithoutStore(), await withmacInFile(join(folder, 'mac.db'), 64)]) {
  const { name, inFlight } = contender
  found.push({ name: `${name}, ${inFlight} in flight`, shares: await profiled(contender) })
  await contender.close?.()
}
giveBack(found satisfies ProfileResult)

/** @returns The mean shares of all rounds. */
async function profiled(contender: Contender<Request>): Promise<Shares> {
  const sums: Record<string, number> = {}
  const rounds = Math.ceil(requests / ROUND)
  for (let round = -1; round < rounds; round++) {
    const made: Request[] = []
    while (made.length < ROUND) made.push(await contender.prepare())
    await collectGarbage()
    await session.post('Profiler.start')
    assert.equal(await contender.run(made), ROUND)
    const { profile } = await session.post('Profiler.stop')
    // The first round warms the code up.
    if (round < 0) continue
    for (const [place, share] of Object.entries(sharesOf(profile))) {
      sums[place] = (sums[place] ?? 0) + share / rounds
    }
  }
  return sums
}
