import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'

/** Where Linux tells which boot this is. */
const BOOT_ID = '/proc/sys/kernel/random/boot_id'
/** How many hexadecimal digits of it make a number that is exact. */
const DIGITS = 13
/** How far two readings of one boot's moment may differ, in seconds. */
const TOLERANCE = 5

/**
 * A number for the boot that the machine is on: of Linux's boot id, or the moment of the boot in
 * seconds since 1970. A database keeps it, to notice that the machine was started anew.
 *
 * @throws Error where neither can be read: on Deno, without the permission.
 */
export function currentBoot(): number {
  if (process.platform !== 'linux') return Math.round(Date.now() / 1000 - uptime())
  try {
    const id = readFileSync(BOOT_ID, 'utf8').replaceAll('-', '')
    return Number.parseInt(id.slice(0, DIGITS), 16)
  } catch (cause) {
    throw new Error(
      `the machine's boot id cannot be read, which durability: 'normal' needs. On Deno, run with --allow-read=${BOOT_ID}.`,
      { cause },
    )
  }
}

/**
 * Whether two such numbers speak of one boot. Moments are never quite the same; where the clock was
 * set they differ, and the boot is taken for another, which is the safe side.
 */
export function isSameBoot(one: number, other: number): boolean {
  return Math.abs(one - other) <= (process.platform === 'linux' ? 0 : TOLERANCE)
}
