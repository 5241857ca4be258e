import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { npm } from './command.mjs'

/** An exact version, because what a server shows of a request can change with it. */
const VERSION = '24.21.0'

/**
 * Installs a Node with `node:sqlite`, whatever Node runs the tests, so that nothing must be compiled. npm has
 * a package for each platform that contains only the binary.
 *
 * @returns The path of the binary.
 */
export async function nodeWithSqlite(folder) {
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const name = `node-${platform}-${process.arch}`
  const cwd = join(folder, 'node')
  mkdirSync(cwd)
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ private: true }))
  await npm(['install', `${name}@${VERSION}`], { cwd })
  const binary = join(cwd, 'node_modules', name, platform === 'win' ? 'bin/node.exe' : 'bin/node')
  if (!existsSync(binary)) throw new Error(`${name}@${VERSION} does not contain ${binary}`)
  return binary
}
