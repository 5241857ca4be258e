import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { check } from './checks.mjs'
import { config } from './this-runtime.mjs'

/**
 * Checks that the installed package and its installed dependencies are tested. The projects are inside the
 * folder of the library. So a runtime might find its sources (Bun uses the `paths` of the nearest
 * tsconfig.json) and its development dependencies.
 */
export function installed() {
  const modules = realpathSync(join(config.folder, 'node_modules')) + sep
  const entry = fileURLToPath(import.meta.resolve('withmac'))
  check('withmac is the installed one', within(modules, entry), true)
  const { resolve } = createRequire(entry)
  for (const name of ['kysely', 'kysely-bun-sqlite', 'zod']) {
    check(`${name} was installed with it`, within(modules, resolve(name)), true)
  }
}

function within(folder, path) {
  return realpathSync(path).startsWith(folder) || path
}
