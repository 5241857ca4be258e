import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { scratchFolder } from '../setup/folder.ts'
import { figure } from './statistics.ts'
import { number, spread } from './table.ts'

/** @returns The machine and the date of the measurement, as text. */
export function machine(): string {
  const [cpu] = cpus()
  const sync = syncTimes()
  const parts = [
    `${cpu?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores`,
    `${Math.round(totalmem() / 2 ** 30)} GiB`,
    `${type()} ${release()}`,
    `a write of 4 KiB and its fsync ${number(sync.median)} ms (${spread(sync)})`,
    new Date().toISOString().slice(0, 10),
  ]
  return `Measured on: ${parts.join('; ')}.`
}

/** @returns How long the disk takes to sync a write, in milliseconds. */
function syncTimes() {
  const file = openSync(join(scratchFolder(), 'sync'), 'w')
  const page = new Uint8Array(4096)
  const runs: number[] = []
  for (let run = 0; run < 200; run++) {
    const start = performance.now()
    writeSync(file, page)
    fsyncSync(file)
    runs.push(performance.now() - start)
  }
  closeSync(file)
  return figure(runs)
}
