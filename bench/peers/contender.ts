import assert from 'node:assert/strict'

/** What every contender says of itself. */
export interface Description {
  /** The library, and what it was set to. */
  readonly name: string
  /** What it is made of, where that differs from one runtime to the other. */
  readonly made?: string
  /** The key under which ratios and the chart find it. */
  readonly key: string
  readonly inFlight: number
  /** Whether it refuses a request that it has seen before. */
  readonly refusesReplay: boolean
}

/** One way to verify requests. */
export interface Contender<Prepared = unknown> extends Description {
  /** A right request with a nonce of its own, ready to be verified: this is not timed. */
  prepare(): Prepared | Promise<Prepared>
  /** One with something changed after it was signed. */
  spoil(): Prepared | Promise<Prepared>
  /** Verifies all of them, as many at a time as are in flight, and gives how many were accepted. */
  run(requests: readonly Prepared[]): Promise<number>
  /** Forgets what would otherwise grow from run to run. */
  reset?(): void
  close?(): void | Promise<void>
}

/** Verifies one request; `false` where it is refused. */
export type VerifyOne<Prepared> = (request: Prepared) => boolean | Promise<boolean>

/**
 * Runs requests one after the other, or in waves of as many as are in flight.
 *
 * @param waves How many waves share them; each begins its next when it is answered, and waits for no other.
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

/** Throws where a contender does not do what it is timed for. */
export async function assertHonest<Prepared>(contender: Contender<Prepared>): Promise<void> {
  const { name, inFlight, refusesReplay } = contender
  const says = (what: string) => `${name}, ${inFlight} in flight: ${what}`
  const right = await contender.prepare()
  assert.equal(await contender.run([right]), 1, says('accepts a right request'))
  assert.equal(await contender.run([await contender.spoil()]), 0, says('refuses a changed one'))
  assert.equal(await contender.run([right]), refusesReplay ? 0 : 1, says('a replay'))
  const wave = await Promise.all(Array.from({ length: inFlight }, () => contender.prepare()))
  assert.equal(await contender.run(wave), inFlight, says('accepts a whole wave'))
  const twin = await contender.prepare()
  const copies = await contender.run([twin, twin])
  assert.equal(copies, refusesReplay ? 1 : 2, says('two copies at the same time'))
}
