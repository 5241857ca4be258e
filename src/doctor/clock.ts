import { bad, type Finding, good, note } from './finding.ts'

/** A smaller difference does no harm, in seconds: timestamps are whole seconds. */
const HARMLESS = 1.5
/** With a larger one, a window of 300 seconds is used up by half, in seconds. */
const LARGE = 150

/**
 * Compares a clock with that of this machine.
 * @param name Its name, such as `the clock of PostgreSQL`.
 * @param read Returns its time, in seconds since 1970.
 */
export async function clockFinding(name: string, read: () => Promise<unknown>): Promise<Finding> {
  const before = Date.now()
  const theirs = Number(await read())
  const after = Date.now()
  // The answer was given at some moment between the two.
  const early = theirs - after / 1000
  const late = theirs - before / 1000
  const apart = early > 0 ? early : late < 0 ? late : 0
  const size = Math.abs(apart)
  if (size < HARMLESS) return good('clocks', `${name} and that of this machine agree`)
  const text = `${name} is ${size.toFixed(1)} s ${apart > 0 ? 'ahead of' : 'behind'} that of this machine`
  const harm =
    apart > 0
      ? 'after a loss of nonces, fresh requests are rejected longer than necessary'
      : 'fresh requests near the end of the window are rejected as too far ahead'
  const advice = 'let both use NTP (timedatectl)'
  if (size < LARGE) return note('clocks', `${text}: ${harm}`, advice)
  return bad('clocks', `${text}: ${harm}`, advice)
}
