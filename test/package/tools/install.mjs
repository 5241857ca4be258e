import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './command.mjs'

/**
 * Installs only the tarball in an empty folder, as a user would.
 * @returns The installed packages, without the application itself: path in node_modules, name, version.
 */
export async function install(tarball, folder) {
  await mkdir(folder)
  const manifest = { name: 'application', private: true, type: 'module' }
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
  await run('npm', ['install', tarball, '--no-audit', '--no-fund'], folder)
  const lock = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8'))
  return Object.entries(lock.packages)
    .filter(([path]) => path !== '')
    .map(([path, { version }]) => ({ path, name: path.replace(/^.*node_modules\//, ''), version }))
}
