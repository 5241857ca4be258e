/*
 * Imports the library and tells what that loaded; with a database as argument, then opens it and
 * tells how that went, and whether better-sqlite3 did it.
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
// Node alone tells what is loaded; elsewhere, that nothing was asked for must do.
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
