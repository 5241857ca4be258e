import type { DriverChoice } from '../store/drivers/choose-driver.ts'
import { EXIT } from './exit-status.ts'
import { Failure } from './failure.ts'

/** The runtime's name and version. */
export function runtimeName(): string {
  const { bun, deno, node } = process.versions
  if (bun !== undefined) return `Bun ${bun}`
  return deno === undefined ? `Node ${node}` : `Deno ${deno}`
}

/** What opens the database here, or `null` where nothing can. */
export async function sqliteDriver(choice: DriverChoice): Promise<string | null> {
  const { bun, deno } = process.versions
  const { nodeSqliteModule } = await import('../store/drivers/node-sqlite.ts')
  if (choice === 'own') {
    if (bun !== undefined) return 'bun:sqlite'
    if (nodeSqliteModule() !== null) return 'node:sqlite'
  }
  if (bun !== undefined || deno !== undefined) return null
  const { betterSqlite3Class } = await import('../store/drivers/better-sqlite3.ts')
  return (await betterSqlite3Class()) === null ? null : 'better-sqlite3'
}

/**
 * Sees to it that this runtime can open the database.
 * @throws Failure that says how to call withmac so that it can.
 */
export async function demandSqlite(choice: DriverChoice): Promise<void> {
  if ((await sqliteDriver(choice)) !== null) return
  const { bun, deno } = process.versions
  if (bun !== undefined || deno !== undefined) {
    const own =
      choice === 'own' ? 'run "deno upgrade": version 2.2 has it' : 'write sqlite: in its place'
    const lacks = choice === 'own' ? 'has no node:sqlite' : 'cannot run better-sqlite3:'
    throw new Failure(EXIT.store, 'ERR_CLI_NO_SQLITE', `${runtimeName()} ${lacks} ${own}.`)
  }
  const lacks =
    choice === 'own'
      ? `${runtimeName()} has no SQLite of its own; 22.13 and later have one`
      : `better-sqlite3 is not installed beside withmac`
  throw new Failure(
    EXIT.store,
    'ERR_CLI_NO_SQLITE',
    `${lacks}. Beside withmac run: npm install better-sqlite3@11. ` +
      'Bun and Deno bring SQLite along, as in: bunx --no-install --bun withmac …',
  )
}
