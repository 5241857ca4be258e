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
  const [read, permission] =
    process.platform === 'linux'
      ? ([bootId, `--allow-read=${BOOT_ID}`] as const)
      : ([bootMoment, '--allow-sys=osUptime'] as const)
  try {
    const boot = read()
    if (Number.isSafeInteger(boot)) return boot
    throw new Error('it is no number')
  } catch (cause) {
    throw new Error(
      'it cannot be told whether the machine was started anew, which matters to a database that is, ' +
        `or was, opened with durability: 'normal'. On Deno, run with ${permission}.`,
      { cause },
    )
  }
}

function bootId(): number {
  const id = readFileSync(BOOT_ID, 'utf8').replaceAll('-', '')
  return Number.parseInt(id.slice(0, DIGITS), 16)
}

function bootMoment(): number {
  return Math.round(Date.now() / 1000 - uptime())
}

/**
 * Whether two such numbers speak of one boot. Moments are never quite the same; where the clock was
 * set they differ, and the boot is taken for another, which is the safe side.
 */
export function isSameBoot(one: number, other: number): boolean {
  return Math.abs(one - other) <= (process.platform === 'linux' ? 0 : TOLERANCE)
}
