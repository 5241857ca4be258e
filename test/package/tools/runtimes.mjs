import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of this package. Its node_modules has the tools. */
export const HERE = fileURLToPath(new URL('..', import.meta.url))

/** Returns the path of a tool's command. */
export const tool = (name) => join(HERE, 'node_modules', '.bin', name)

/** The compilers that users may have, by their names in reports. */
export const COMPILERS = {
  'TypeScript 7': join(HERE, 'node_modules', 'typescript', 'bin', 'tsc'),
  'TypeScript 5.9': join(HERE, 'node_modules', 'typescript-5', 'bin', 'tsc'),
}

/**
 * Returns a Node that has node:sqlite. The Node that runs the checks may not have it. npm installs the
 * package with the binary for this platform.
 */
function nodeWithSqlite() {
  const { platform, arch } = process
  const packages = [`node-${platform}-${arch}`, `node-bin-${platform}-${arch}`]
  const paths = packages.map((name) => join(HERE, 'node_modules', name, 'bin', 'node'))
  const path = paths.find(existsSync)
  if (path !== undefined) return path
  throw new Error(`There is no Node 24 for ${platform} ${arch}: add one of ${packages.join(', ')}.`)
}

/** The commands that start a bundle. Without `--no-install`, Bun would download missing packages. */
export const RUNTIMES = {
  node: { name: 'Node 24', command: () => [nodeWithSqlite()] },
  bun: { name: 'Bun', command: () => [tool('bun'), '--no-install'] },
}
