import { betterSqlite3Class, openWithBetterSqlite3 } from './better-sqlite3.ts'
import { openWithBun } from './bun-sqlite.ts'
import { nodeSqliteModule, openWithNode } from './node-sqlite.ts'
import type { SqliteHandle } from './sqlite-handle.ts'

/** Which library opens a SQLite file: `own` for the one of the runtime, or better-sqlite3. */
export type DriverChoice = 'own' | 'better-sqlite3'

/**
 * Opens a SQLite database with the library of the runtime: `bun:sqlite` on Bun, `node:sqlite` on Deno and
 * on Node from 22.13, better-sqlite3 on earlier versions of Node. better-sqlite3 runs only on Node.
 *
 * @throws Error that names the runtime and says what to do, if there is no library.
 */
export async function openSqlite(path: string, choice: DriverChoice): Promise<SqliteHandle> {
  const { bun, deno } = process.versions
  if (choice === 'own') {
    if (bun !== undefined) return openWithBun(path)
    const module = nodeSqliteModule()
    if (module !== null) return openWithNode(module, path)
  }
  const onNode = bun === undefined && deno === undefined
  const Database = onNode ? await betterSqlite3Class() : null
  if (Database !== null) return openWithBetterSqlite3(Database, path)
  throw new Error(whyNone(choice))
}

function whyNone(choice: DriverChoice): string {
  const { bun, deno, node } = process.versions
  const install = 'run: npm install better-sqlite3@11'
  if (choice === 'own') {
    return deno === undefined
      ? `Node ${node} has no SQLite of its own; 22.13 and later have one. On this version, ${install}`
      : `Deno ${deno} has no node:sqlite: run "deno upgrade", version 2.2 has it.`
  }
  const other = bun === undefined ? deno && `Deno ${deno}` : `Bun ${bun}`
  return other === undefined
    ? `better-sqlite3 is not installed for Node ${node}: ${install}`
    : `better-sqlite3 does not run on ${other}: write sqlite: instead of better-sqlite3:`
}
