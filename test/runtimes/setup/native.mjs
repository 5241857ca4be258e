import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { cleanEnvironment, command, npm } from './command.mjs'

/** The last npm that runs on Node 18. */
const NPM = '10.9.9'

/**
 * Returns what npm needs to compile a native module for another Node: an npm that runs on it, an environment
 * with that Node first in the path and with its headers, and its binary.
 */
export async function npmThatCompiles(cache, folder, runtime) {
  await needTools(runtime)
  const cli = await npmCli(cache)
  const binary = join(folder, runtime.binary)
  const headers = dirname(dirname(binary))
  const env = {
    ...cleanEnvironment(),
    npm_config_nodedir: headers,
    PATH: `${dirname(binary)}${delimiter}${process.env.PATH}`,
  }
  return { cli, env, node: binary }
}

/** Throws a short error if a tool for compiling is missing. npm would print a hundred lines. */
async function needTools(runtime) {
  const missing = []
  for (const tool of ['python3', 'make', 'g++']) {
    await command(tool, ['--version']).catch(() => missing.push(tool))
  }
  if (missing.length === 0) return
  throw new Error(
    `${runtime.title} needs better-sqlite3 compiled, and there is no ${missing.join(', no ')}: ` +
      'on Debian, run "apt-get install python3 make g++".',
  )
}

async function npmCli(cache) {
  const folder = join(cache, 'npm')
  const cli = join(folder, 'node_modules/npm/bin/npm-cli.js')
  if (existsSync(cli)) return cli
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, dependencies: { npm: NPM } }),
  )
  await npm(['install'], { cwd: folder })
  return cli
}
