import { betterSqlite3Class, openWithBetterSqlite3 } from './better-sqlite3.ts'
import { openWithBun } from './bun-sqlite.ts'
import { nodeSqliteModule, openWithNode } from './node-sqlite.ts'
import type { SqliteHandle } from './sqlite-handle.ts'

/** Which library opens a SQLite file: the runtime's own, or better-sqlite3 where it was asked for. */
export type DriverChoice = 'own' | 'better-sqlite3'

/**
 * Opens a SQLite database with what the runtime has: `bun:sqlite` on Bun, `node:sqlite` on Deno and
 * on Node from 22.13, better-sqlite3 elsewhere.
 *
 * @throws Error that names the runtime and says what to install, where there is none.
 */
export async function openSqlite(path: string, choice: DriverChoice): Promise<SqliteHandle> {
  if (choice === 'own') {
    if (process.versions.bun !== undefined) return openWithBun(path)
    const module = nodeSqliteModule()
    if (module !== null) return openWithNode(module, path)
  }
  const Database = await betterSqlite3Class()
  if (Database !== null) return openWithBetterSqlite3(Database, path)
  throw new Error(nothingFound(choice))
}

function nothingFound(choice: DriverChoice): string {
  const { versions } = process
  if (choice === 'better-sqlite3') {
    return `better-sqlite3 is not installed for ${runtime()}: ${INSTALL}`
  }
  if (versions.deno !== undefined) {
    return `Deno ${versions.deno} has no node:sqlite: run "deno upgrade", version 2.2 has it.`
  }
  return (
    `Node ${versions.node} has no SQLite of its own; 22.13 and later have one. On this version, ` +
    INSTALL
  )
}

function runtime(): string {
  const { bun, deno, node } = process.versions
  if (bun !== undefined) return `Bun ${bun}`
  return deno === undefined ? `Node ${node}` : `Deno ${deno}`
}

const INSTALL = 'run: npm install better-sqlite3@11'
