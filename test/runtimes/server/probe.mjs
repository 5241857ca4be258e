/*
 * Imports the library and tells what that loaded; with the argument `open`, then opens a database in
 * memory and tells how that went.
 */

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

if (process.argv[2] === 'open') {
  const mac = createMac({ database: 'sqlite::memory:' })
  found.open = await mac.ready().then(
    () => 'opened',
    (error) => `${error.code}: ${error.message}`,
  )
}
console.log(JSON.stringify(found))
