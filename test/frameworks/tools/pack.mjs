import { cpSync, existsSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { npm } from './command.mjs'

/** All that a build needs and a package holds. */
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
 * Packs the library; its script `prepare` builds `dist` first. That happens in a copy: other tests may
 * be at work on the checkout's own `dist`, and an old one cannot be packed by mistake.
 *
 * @returns The tarball's path.
 */
export async function pack(library, folder) {
  const copy = join(folder, 'library')
  for (const name of SOURCES) cpSync(join(library, name), join(copy, name), { recursive: true })
  if (existsSync(join(library, 'node_modules/typescript'))) {
    symlinkSync(join(library, 'node_modules'), join(copy, 'node_modules'), 'junction')
  } else {
    // As the README says to; what the build needs has no install script.
    await npm(['install', '--ignore-scripts'], { cwd: copy })
  }
  const output = await npm(['pack', '--pack-destination', folder], { cwd: copy })
  const [name] = /withmac-[\w.-]+\.tgz\s*$/.exec(output) ?? []
  if (name === undefined) throw new Error(`npm pack names no tarball:\n${output}`)
  return join(folder, name.trim())
}
