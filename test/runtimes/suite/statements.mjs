import { join } from 'node:path'
import { check } from './checks.mjs'
import { runFile } from './server-process.mjs'
import { config, hasBetterSqlite3 } from './this-runtime.mjs'

/** Versions that have no SQLite of their own. */
const WITHOUT = ['node-18', 'node-20']

/** Checks that each available driver prepares each statement once, however many requests come. */
export async function statements() {
  const own = config.name === 'bun' ? 'bun:sqlite' : 'node:sqlite'
  if (!WITHOUT.includes(config.name)) await preparesOnce('sqlite::memory:', own)
  if (hasBetterSqlite3) await preparesOnce('better-sqlite3::memory:', 'better-sqlite3')
}

async function preparesOnce(database, driver) {
  const file = join(config.folder, 'server/statements.mjs')
  // The file loads the driver itself, which prints a warning on some versions of Node.
  const { output } = await runFile(file, [database, driver])
  const { accepted, prepared } = JSON.parse(output)
  check(`${driver}: requests accepted`, accepted, 100)
  const writing = prepared.filter(([sql]) => /^insert into "?mac_nonce_log/i.test(sql))
  check(`${driver}: the statement that writes nonces was counted`, writing.length > 0, true)
  const again = prepared.filter(([, times]) => times > 1)
  check(`${driver}: statements that were prepared again`, again, [])
}
