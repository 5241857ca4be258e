import { cp, mkdir, symlink } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { run } from './command.mjs'
import { HERE } from './runtimes.mjs'

const ROOT = resolve(HERE, '../..')
/** Folders that are not copied. Without `dist`, an old build cannot be packed by mistake. */
const NOT_SOURCE = new Set(['node_modules', 'dist', '.git'])

/**
 * Packs the library from a copy of the sources, so that other tests can use `dist` of the checkout
 * meanwhile. `npm pack` runs the script `prepare`, like publishing.
 *
 * @returns The tarball, what npm says of it, the folder that it was unpacked in, and that of the sources.
 */
export async function pack(folder) {
  const copy = join(folder, 'checkout')
  await cp(ROOT, copy, { recursive: true, filter: (path) => !NOT_SOURCE.has(basename(path)) })
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'), 'junction')
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], copy)
  const [described] = JSON.parse(stdout.slice(stdout.search(/^\[/m)))
  const tarball = join(folder, described.filename)
  const unpacked = join(folder, 'unpacked')
  await mkdir(unpacked)
  await run('tar', ['-xzf', tarball, '-C', unpacked, '--strip-components=1'], folder)
  return { tarball, described, unpacked, sources: join(copy, 'src') }
}
