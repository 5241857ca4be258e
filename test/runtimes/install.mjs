import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RUNTIMES } from './runtimes.mjs'
import { runtimeFor } from './setup/project.mjs'

/*
 * Installs all runtimes before the suite runs. It needs nothing of the library, not even its installed
 * packages.
 */

const library = join(dirname(fileURLToPath(import.meta.url)), '../..')
const cache = join(library, 'node_modules/.cache/withmac-runtimes')
for (const runtime of RUNTIMES) {
  await runtimeFor(runtime, { cache })
  console.log(`${runtime.title} is installed (${Math.round(performance.now() / 1000)} s)`)
}
