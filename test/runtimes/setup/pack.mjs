import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { npm } from './command.mjs'

/**
 * Builds and packs the library, as for publishing. If WITHMAC_TARBALL is set, uses that tarball instead:
 * several checks run at the same time, and a build removes the result of the one before for a moment.
 *
 * @returns The path of the tarball. Its name contains a digest of its content, because npm does not install
 *   a file with a known name again.
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
