import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { npm } from './command.mjs'

/** Exact: what a server shows of a request changes with it. */
const VERSION = '24.21.0'

/**
 * A Node with `node:sqlite`, whatever Node runs the tests: so nothing has to be compiled. npm has a
 * package for each platform that holds the binary and nothing else.
 *
 * @returns The binary's path.
 */
export async function nodeWithSqlite(folder) {
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const name = `node-${platform}-${process.arch}`
  const cwd = join(folder, 'node')
  mkdirSync(cwd)
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ private: true }))
  await npm(['install', `${name}@${VERSION}`], { cwd })
  const binary = join(cwd, 'node_modules', name, platform === 'win' ? 'bin/node.exe' : 'bin/node')
  if (!existsSync(binary)) throw new Error(`${name}@${VERSION} holds no ${binary}`)
  return binary
}
