import assert from 'node:assert/strict'

/** The description of a contender. */
export interface Description {
  /** The library and its settings. */
  readonly name: string
  /** How it is implemented, if that differs between runtimes. */
  readonly made?: string
  /** The name for ratios and for the chart. */
  readonly key: string
  readonly inFlight: number
  /** Whether it rejects replays. */
  readonly rejectsReplay: boolean
}

/** One way to verify requests. */
export interface Contender<Prepared = unknown> extends Description {
  /** @returns A valid request with a new nonce. This is not timed. */
  prepare(): Prepared | Promise<Prepared>
  /** @returns A request that was changed after it was signed. */
  spoil(): Prepared | Promise<Prepared>
  /** Verifies all requests, `inFlight` at a time. @returns How many were accepted. */
  run(requests: readonly Prepared[]): Promise<number>
  /** Clears what would otherwise grow from run to run. */
  reset?(): void
  close?(): void | Promise<void>
}

/** Verifies one request. @returns `false` if it is rejected. */
export type VerifyOne<Prepared> = (request: Prepared) => boolean | Promise<boolean>

/**
 * Verifies requests one after the other, or in waves of `inFlight` requests.
 *
 * @param waves How many waves run at the same time, with `inFlight` requests together. They do not wait for each other.
 */
export function inWaves<Prepared>(inFlight: number, verify: VerifyOne<Prepared>, waves = 1) {
  return async (requests: readonly Prepared[]): Promise<number> => {
    let accepted = 0
    if (inFlight === 1) {
      for (const request of requests) if (await verify(request)) accepted++
      return accepted
    }
    const size = Math.ceil(inFlight / waves)
    let next = 0
    const line = async () => {
      while (next < requests.length) {
        const wave = requests.slice(next, next + size)
        next += size
        for (const good of await Promise.all(wave.map(verify))) if (good) accepted++
      }
    }
    await Promise.all(Array.from({ length: waves }, line))
    return accepted
  }
}

/** Throws if a contender does not verify requests as its description says. */
export async function assertVerifies<Prepared>(contender: Contender<Prepared>): Promise<void> {
  const { name, inFlight, rejectsReplay } = contender
  const says = (what: string) => `${name}, ${inFlight} in flight: ${what}`
  const right = await contender.prepare()
  assert.equal(await contender.run([right]), 1, says('accepts a valid request'))
  assert.equal(await contender.run([await contender.spoil()]), 0, says('rejects a changed request'))
  assert.equal(await contender.run([right]), rejectsReplay ? 0 : 1, says('a replay'))
  const wave = await Promise.all(Array.from({ length: inFlight }, () => contender.prepare()))
  assert.equal(await contender.run(wave), inFlight, says('accepts a whole wave'))
  const twin = await contender.prepare()
  const copies = await contender.run([twin, twin])
  assert.equal(copies, rejectsReplay ? 1 : 2, says('two copies at the same time'))
}
