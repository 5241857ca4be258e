import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The configuration of the suite: the name of the runtime, the projects, the certificate. */
export const config = JSON.parse(process.argv[2])

const { bun, deno, node } = process.versions

/** The runtime that really runs, for the output. */
export const version = bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${node}`

export const isNode = bun === undefined && deno === undefined

/** Whether better-sqlite3 is compiled for this runtime, in this project. */
export const hasBetterSqlite3 = existsSync(
  join(config.folder, 'node_modules/better-sqlite3/build/Release/better_sqlite3.node'),
)

/** The adapters that serve a Fetch handler on this runtime. */
export const adapters = bun ? ['bun'] : deno ? ['deno'] : nodeAdapters()

function nodeAdapters() {
  const srvx = existsSync(join(config.folder, 'node_modules/srvx'))
  return srvx ? ['hono', 'srvx'] : ['hono']
}

/**
 * Returns the arguments with which this runtime runs a file. On Deno, the file may only listen, use the
 * database in its folder, and read the variable for the database if none is given.
 */
export function runtimeArguments(file, { folder, database }) {
  if (!deno) return [file]
  const variable = database === undefined ? ['--allow-env=MAC_DATABASE_URL'] : []
  const path = folder === null ? null : join(folder, 'mac.db')
  const files = path === null ? [] : [`--allow-read=${path}`, `--allow-write=${path}`]
  return ['run', '--no-prompt', '--allow-net', ...variable, ...files, file]
}
