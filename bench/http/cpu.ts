import { readFileSync } from 'node:fs'

/** The unit of /proc on Linux: 100 ticks per second. */
const TICKS = 100

/** @returns The seconds of processor time that a process has used, or 0 if it has ended. */
export function cpuSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, in parentheses, may contain spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / TICKS
  } catch {
    return 0
  }
}
