import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { runOn } from '../setup/run-on.ts'
import { ROOT, type Runtime } from '../setup/runtimes.ts'
import type { ProbeResult } from './probe.ts'

/** Makes the disk slower for processes that are started with `environment`. */
export interface SlowDisk {
  environment(delayMs: number): NodeJS.ProcessEnv
  /** Throws if a sync of a runtime is not delayed, because it might not use the C library. */
  assertDelays(runtime: Runtime): Promise<void>
}

/** Compiles the library that delays syncs, in a folder. Needs a C compiler. */
export function slowDisk(folder: string): SlowDisk {
  const library = join(folder, 'slow-sync.so')
  const source = join(ROOT, 'bench/disk/slow-sync.c')
  const args = ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl']
  const { error, status, stderr } = spawnSync('cc', args, { encoding: 'utf8' })
  if (error !== undefined) throw new Error('There is no cc: on Debian, run "apt-get install gcc".')
  if (status !== 0) throw new Error(`cc failed.\n${stderr}`)
  const environment = (delayMs: number) => ({
    LD_PRELOAD: library,
    WITHMAC_SYNC_DELAY_US: String(1000 * delayMs),
  })
  return {
    environment,
    async assertDelays(runtime) {
      const delay = 10
      const notes = join(folder, `${runtime.name}-syncs`)
      const given = { folder, notes }
      const variables = { ...environment(delay), WITHMAC_SYNC_COUNT: notes }
      const probes = await runOn<ProbeResult>(runtime, 'disk/probe.ts', given, variables)
      for (const { what, syncs, milliseconds } of probes) {
        const says = `${runtime.title}: ${what} does not wait for the slow disk`
        // A busy machine makes it longer, but nothing makes it shorter.
        assert.ok(syncs > 0 && milliseconds >= delay, says)
      }
    },
  }
}
