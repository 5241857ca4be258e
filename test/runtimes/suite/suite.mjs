import { betterSqlite3 } from './better-sqlite3.mjs'
import { bodies } from './bodies.mjs'
import { channels } from './channels.mjs'
import { attempt, result } from './checks.mjs'
import { clientLife } from './client-life.mjs'
import { clientWire } from './client-wire.mjs'
import { defaultDatabase } from './default-database.mjs'
import { drivers } from './drivers.mjs'
import { hosts } from './hosts.mjs'
import { http2 } from './http2.mjs'
import { installed } from './installed.mjs'
import { modes } from './modes.mjs'
import { peers } from './peers.mjs'
import { peersOverSockets } from './peers-over-sockets.mjs'
import { processes } from './processes.mjs'
import { restart } from './restart.mjs'
import { statements } from './statements.mjs'
import { adapters, version } from './this-runtime.mjs'
import { token } from './token.mjs'
import { whatRuns } from './what-runs.mjs'
import { wire } from './wire.mjs'

/*
 * The conformance suite. It runs inside a runtime and tests the installed package. Its last line has the
 * results. Its exit status is 0 if it gets to that line.
 */

await attempt('installed', installed)
await attempt('drivers', drivers)
await attempt('better-sqlite3', betterSqlite3)
await attempt('statements', statements)
await attempt('peers', peers)
await attempt('what fetch sends', clientWire)
await attempt('how a client handles answers', clientLife)
await attempt('channels', channels)
await attempt('key distribution', token)
for (const adapter of adapters) {
  await attempt(`modes on ${adapter}`, () => modes(adapter))
  await attempt(`bodies on ${adapter}`, () => bodies(adapter))
  await attempt(`default database on ${adapter}`, () => defaultDatabase(adapter))
  await attempt(`restart on ${adapter}`, () => restart(adapter))
  await attempt(`two processes on ${adapter}`, () => processes(adapter))
  await attempt(`peers over sockets on ${adapter}`, () => peersOverSockets(adapter))
  await attempt(`wire on ${adapter}`, () => wire(adapter))
  await attempt(`HTTP/2 on ${adapter}`, () => http2(adapter))
  await attempt(`hosts on ${adapter}`, () => hosts(adapter))
  await attempt(`what runs on ${adapter}`, () => whatRuns(adapter))
}
console.log(JSON.stringify({ ...result, version }))
process.exit(0)
