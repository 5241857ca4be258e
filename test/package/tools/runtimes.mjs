import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of this package, whose node_modules holds the tools. */
export const HERE = fileURLToPath(new URL('..', import.meta.url))

/** A command of one of the tools. */
export const tool = (name) => join(HERE, 'node_modules', '.bin', name)

/** The compilers that users may have, by what they are called in reports. */
export const COMPILERS = {
  'TypeScript 7': join(HERE, 'node_modules', 'typescript', 'bin', 'tsc'),
  'TypeScript 5.9': join(HERE, 'node_modules', 'typescript-5', 'bin', 'tsc'),
}

/**
 * A Node that has node:sqlite, which the one that runs the checks may not have. The platforms'
 * packages hold the binary as it is; npm installs the one that fits.
 */
function nodeWithSqlite() {
  const { platform, arch } = process
  const packages = [`node-${platform}-${arch}`, `node-bin-${platform}-${arch}`]
  const paths = packages.map((name) => join(HERE, 'node_modules', name, 'bin', 'node'))
  const path = paths.find(existsSync)
  if (path !== undefined) return path
  throw new Error(`There is no Node 24 for ${platform} ${arch}: add one of ${packages.join(', ')}.`)
}

/** What starts a bundle. Bun would fetch missing packages by itself: it must not. */
export const RUNTIMES = {
  node: { name: 'Node 24', command: () => [nodeWithSqlite()] },
  bun: { name: 'Bun', command: () => [tool('bun'), '--no-install'] },
}
