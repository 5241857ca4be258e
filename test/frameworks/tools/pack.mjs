import { cpSync, existsSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { npm } from './command.mjs'

/** The files for the build and the package. */
const SOURCES = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'src',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'SECURITY.md',
]

/**
 * Packs the library in a copy, unless WITHMAC_TARBALL names a tarball. Its script `prepare` builds `dist` first. In a copy, other tests can use the
 * `dist` of the checkout at the same time, and an old build cannot be packed.
 *
 * @returns The path of the tarball.
 */
export async function pack(library, folder) {
  const before = process.env.WITHMAC_TARBALL
  if (before) return before
  const copy = join(folder, 'library')
  for (const name of SOURCES) cpSync(join(library, name), join(copy, name), { recursive: true })
  if (existsSync(join(library, 'node_modules/typescript'))) {
    symlinkSync(join(library, 'node_modules'), join(copy, 'node_modules'), 'junction')
  } else {
    // As in the README. The packages for the build have no install scripts.
    await npm(['install', '--ignore-scripts'], { cwd: copy })
  }
  const output = await npm(['pack', '--pack-destination', folder], { cwd: copy })
  const [name] = /withmac-[\w.-]+\.tgz\s*$/.exec(output) ?? []
  if (name === undefined) throw new Error(`npm pack names no tarball:\n${output}`)
  return join(folder, name.trim())
}
