import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Runs `work` with a new database file, in a folder that is removed at the end. */
export async function withDatabase(work) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'withmac-runtimes-')))
  try {
    return await work({ folder, database: `sqlite:${join(folder, 'mac.db')}` })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
