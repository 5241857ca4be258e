// Tests the library in frameworks as users get it: packed, installed in an application, type-checked, built for
// production by the framework's own tool, and called over HTTP. Prints one line for each application.
// `--verbose` prints each check, `--only NAME` runs only `checks/NAME.mjs` (more names: separated by commas).
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { pack } from './tools/pack.mjs'
import { runtimes } from './tools/runtimes.mjs'
import { findSuites, runSuite } from './tools/suite.mjs'

/** Suites that run at the same time. While one installs, another one builds. */
const AT_ONCE = 2

const here = fileURLToPath(new URL('.', import.meta.url))
const library = join(here, '../..')
const { values } = parseArgs({
  options: { verbose: { type: 'boolean', default: false }, only: { type: 'string' } },
})

// Outside the checkout, so that no import finds the node_modules of the checkout.
const folder = await realpath(await mkdtemp(join(tmpdir(), 'withmac-frameworks-')))
const counts = { passed: 0, failed: 0 }
const started = performance.now()
try {
  const suites = await findSuites(join(here, 'checks'), values.only?.split(','))
  const shared = {
    ...values,
    sources: here,
    folder,
    tarball: await pack(library, folder),
    runtimes: runtimes(library, folder),
  }
  const worker = async () => {
    for (let suite = suites.shift(); suite !== undefined; suite = suites.shift()) {
      const { passed, failed } = await runSuite(suite, shared)
      counts.passed += passed
      counts.failed += failed
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
}
const seconds = ((performance.now() - started) / 1000).toFixed(0)
console.log(`\n${counts.passed} checks passed, ${counts.failed} failed (${seconds} s)`)
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1
