import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { SECTIONS } from './report/results.ts'

/*
 * Runs every bench for a moment, to check that it works. Each bench asserts that its contenders verify
 * requests. The figures are ignored.
 */

for (const bench of SECTIONS) {
  const start = performance.now()
  console.log(`\n== ${bench}`)
  const file = join(import.meta.dirname, bench, 'run.ts')
  const { status } = spawnSync(process.execPath, [file, '--short'], { stdio: 'inherit' })
  if (status !== 0) {
    console.error(`The bench ${bench} failed.`)
    process.exit(1)
  }
  console.log(`${bench}: ${Math.round((performance.now() - start) / 1000)} s`)
}
