import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { npm } from './command.mjs'

/**
 * Builds and packs the library, as it would be published; or takes the tarball that WITHMAC_TARBALL names,
 * where several checks run side by side: to build anew takes away for a moment what was built before.
 *
 * @returns The tarball's path. Its name holds a digest of its content: npm takes a file that it knows
 *   by name for the one that it installed before.
 */
export async function pack(library, cache) {
  const before = process.env.WITHMAC_TARBALL
  if (before) return before
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'pack-'))
  try {
    await npm(['pack', '--pack-destination', folder], { cwd: library })
    const packed = join(folder, readdirSync(folder)[0])
    const digest = createHash('sha256').update(readFileSync(packed)).digest('hex').slice(0, 12)
    const tarball = join(cache, `withmac-${digest}.tgz`)
    for (const name of readdirSync(cache)) {
      if (/^withmac-[0-9a-f]+\.tgz$/.test(name)) rmSync(join(cache, name))
    }
    renameSync(packed, tarball)
    return tarball
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
