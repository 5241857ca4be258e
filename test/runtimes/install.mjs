import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RUNTIMES } from './runtimes.mjs'
import { runtimeFor } from './setup/project.mjs'

/*
 * Installs all runtimes ahead of the suite, where nothing of the library is needed: not even that its
 * own packages are there.
 */

const library = join(dirname(fileURLToPath(import.meta.url)), '../..')
const cache = join(library, 'node_modules/.cache/withmac-runtimes')
for (const runtime of RUNTIMES) {
  await runtimeFor(runtime, { cache })
  console.log(`${runtime.title} is there (${Math.round(performance.now() / 1000)} s)`)
}
