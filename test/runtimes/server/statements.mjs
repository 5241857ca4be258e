import { createHmac } from 'node:crypto'

/*
 * Verifies signed requests one after the other, with the database of the first argument. Prints how many were
 * accepted, and how often each connection prepared each SQL statement.
 */

const REQUESTS = 100
const [, , database, driver] = process.argv

const prepared = []
const counts = new WeakMap()
const { prototype } = await driverClass()
const { prepare } = prototype
prototype.prepare = function (sql, ...rest) {
  if (!counts.has(this)) {
    counts.set(this, new Map())
    prepared.push(counts.get(this))
  }
  const ofConnection = counts.get(this)
  ofConnection.set(sql, (ofConnection.get(sql) ?? 0) + 1)
  return prepare.call(this, sql, ...rest)
}

const { createMac } = await import('withmac')
const mac = createMac({ database })
const { id, key } = await mac.createCredential('ada')
const app = mac.withMac(() => new Response())
let accepted = 0
for (let index = 0; index < REQUESTS; index++) {
  const { status } = await app(new Request('http://example.com/', { headers: signed(index) }))
  if (status === 200) accepted++
}
await mac.close()
console.log(JSON.stringify({ accepted, prepared: prepared.flatMap((each) => [...each]) }))

async function driverClass() {
  if (driver === 'better-sqlite3') return (await import(driver)).default
  const module = process.getBuiltinModule(driver)
  return module.Database ?? module.DatabaseSync
}

function signed(nonce) {
  const ts = Math.floor(Date.now() / 1000)
  const text = `${ts}\n${nonce}\nGET\n/\nexample.com\n80\n\n`
  const mac = createHmac('sha256', key).update(text).digest('base64')
  return { authorization: `MAC id="${id}", ts="${ts}", nonce="${nonce}", mac="${mac}"` }
}
