import { readFileSync } from 'node:fs'

/** The unit of /proc on all of Linux: 100 ticks a second. */
const TICKS = 100

/** The seconds of processor time that a process has used, or 0 where it is gone. */
export function cpuSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, in parentheses, may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / TICKS
  } catch {
    return 0
  }
}
