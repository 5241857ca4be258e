import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** How the suite was started: the runtime's name, its project, the bare one, the certificate. */
export const config = JSON.parse(process.argv[2])

const { bun, deno, node } = process.versions

/** As the output names it: what truly runs, not what was meant to. */
export const version = bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${node}`

export const isNode = bun === undefined && deno === undefined

/** Whether better-sqlite3 is compiled for this runtime, in this project. */
export const hasBetterSqlite3 = existsSync(
  join(config.folder, 'node_modules/better-sqlite3/build/Release/better_sqlite3.node'),
)

/** The servers that a Fetch handler is run with on this runtime. */
export const adapters = bun ? ['bun'] : deno ? ['deno'] : nodeAdapters()

function nodeAdapters() {
  const srvx = existsSync(join(config.folder, 'node_modules/srvx'))
  return srvx ? ['hono', 'srvx'] : ['hono']
}

/**
 * The arguments that make this runtime run a file. On Deno it may do no more than listen, use the
 * database in its folder, and read the one variable where the database is not given.
 */
export function runtimeArguments(file, { folder, database }) {
  if (!deno) return [file]
  const variable = database === undefined ? ['--allow-env=MAC_DATABASE_URL'] : []
  const path = folder === null ? null : join(folder, 'mac.db')
  const files = path === null ? [] : [`--allow-read=${path}`, `--allow-write=${path}`]
  return ['run', '--no-prompt', '--allow-net', ...variable, ...files, file]
}
