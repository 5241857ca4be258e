import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { collectGarbage } from '../setup/collect.ts'
import { macField } from '../signing/mac-field.ts'
import { fetchRequest } from '../signing/request.ts'
import { createMac, type Mac } from '../withmac.ts'
import { assertRemembered, type FilledDatabase, PER_SECOND } from './fill.ts'
import { type Pauses, watchPauses } from './pauses.ts'

/** How many requests are in flight. */
export const IN_FLIGHT = 64

/** Whether the clock runs, so that nonces expire as new ones come. */
export type Clock = 'runs' | 'stands'

/** withmac on a copy of a filled database. Its requests drive its clock. */
export class Subject {
  readonly #filled: FilledDatabase
  readonly #mac: Mac
  /** The time of the first request, in seconds since 1970, and how many were sent since. */
  #base: number
  #sent = 0
  #now: number

  constructor(filled: FilledDatabase, copy: string) {
    const { path, windowSeconds, base } = filled
    cpSync(path, copy)
    this.#filled = filled
    this.#base = base
    this.#now = base
    const now = () => this.#now
    this.#mac = createMac({ database: `sqlite:${copy}`, windowSeconds, now })
  }

  /** Throws if withmac does not verify requests and reject replays. */
  async assertVerifies(): Promise<void> {
    const request = fetchRequest(macField(this.#now))
    const twice = [await this.#mac.verify(request), await this.#mac.verify(request)]
    assert.deepEqual(
      twice.map(({ ok }) => ok),
      [true, false],
      'a request is accepted once',
    )
    await assertRemembered(this.#mac, this.#filled)
  }

  /** @returns Microseconds per request, over so many waves. */
  async time(waves: number): Promise<number> {
    return ((await this.#run(waves, 'runs', () => {})) * 1000) / (waves * IN_FLIGHT)
  }

  /** @returns How long turns of the event loop take, over so many waves. */
  async pauses(waves: number, clock: Clock): Promise<Pauses> {
    const watch = watchPauses()
    await this.#run(waves, clock, watch.begin)
    return watch.end()
  }

  /** Throws if nonces do not expire as fast as new ones come. */
  async assertSteady(): Promise<void> {
    const late = await this.#mac.prune()
    assert.ok(late < 2 * PER_SECOND, `${late} nonces were still to expire`)
  }

  /** Makes all nonces expire at once, as after a time without requests. */
  skipWindow(): void {
    this.#base += this.#filled.windowSeconds + 2
  }

  close(): Promise<void> {
    return this.#mac.close()
  }

  /** @returns Milliseconds for so many waves. All are signed before, for the time at which they are sent. */
  async #run(waves: number, clock: Clock, begin: () => void): Promise<number> {
    const prepared = Array.from({ length: waves }, () => this.#wave(clock))
    await collectGarbage()
    begin()
    const start = performance.now()
    for (const { now, requests } of prepared) {
      this.#now = now
      const verdicts = await Promise.all(requests.map((request) => this.#mac.verify(request)))
      for (const { ok } of verdicts) assert.ok(ok, 'every request is accepted')
    }
    return performance.now() - start
  }

  #wave(clock: Clock): { now: number; requests: Request[] } {
    if (clock === 'runs') this.#sent += IN_FLIGHT
    const now = this.#base + Math.floor(this.#sent / PER_SECOND)
    return { now, requests: Array.from({ length: IN_FLIGHT }, () => fetchRequest(macField(now))) }
  }
}
