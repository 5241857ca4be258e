/*
 * Imports the library and prints what that loaded. With a database as argument, also opens it, and prints
 * the result, and whether better-sqlite3 opened it.
 */

import { createRequire } from 'node:module'

const asked = []
const { getBuiltinModule } = process
if (getBuiltinModule !== undefined) {
  process.getBuiltinModule = (name) => {
    asked.push(name)
    return getBuiltinModule(name)
  }
}
const { createMac } = await import('withmac')
// Only Node lists the loaded modules. Elsewhere the test checks only that none was requested.
const loaded = (process.moduleLoadList ?? []).filter((name) => /sqlite/i.test(name))
const found = { asked: asked.filter((name) => /sqlite/.test(name)), loaded }

const [, , database] = process.argv
if (database !== undefined) {
  const mac = createMac({ database })
  found.open = await mac.ready().then(
    () => 'opened',
    (error) => `${error.code}: ${error.message}`,
  )
  const { cache } = createRequire(import.meta.url)
  found.better = Object.keys(cache).some((path) => path.endsWith('better_sqlite3.node'))
}
console.log(JSON.stringify(found))
