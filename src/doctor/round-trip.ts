import { type Finding, good, note } from './finding.ts'

/** A round trip longer than this is noted, in milliseconds: every request waits for one, often two. */
const SLOW = 20
const TRIES = 5

/**
 * Measures how long a store takes to answer.
 * @param ask Asks for something that takes no work.
 * @param first How long the first answer took, in milliseconds.
 */
export async function roundTripFinding(
  name: string,
  ask: () => Promise<unknown>,
  first: number,
): Promise<Finding> {
  const times: number[] = []
  for (let number = 0; number < TRIES; number++) {
    const began = performance.now()
    await ask()
    times.push(performance.now() - began)
  }
  const middle = times.toSorted((one, other) => one - other)[TRIES >> 1] ?? first
  const text = `${name} answers in ${shown(middle)} (the first answer took ${shown(first)})`
  if (middle < SLOW) return good('round trip', text)
  return note(
    'round trip',
    `${text}: each request waits for that, a request with a new credential twice`,
    'put the servers near it',
  )
}

function shown(milliseconds: number): string {
  return milliseconds < 10 ? `${milliseconds.toFixed(1)} ms` : `${Math.round(milliseconds)} ms`
}
