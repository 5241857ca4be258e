import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RUNTIMES } from '../../runtimes/runtimes.mjs'
import { npm } from './command.mjs'

/**
 * Returns functions that give the path of each runtime: one that `npm run test:runtimes` has installed, otherwise
 * one that is installed now. `node` has `node:sqlite`, whatever Node runs the tests.
 */
export function runtimes(library, folder) {
  const cache = join(library, 'node_modules/.cache/withmac-runtimes')
  return {
    node: once(() => runtime('node-24', cache, folder)),
    bun: once(() => runtime('bun', cache, folder)),
    deno: once(() => runtime('deno', cache, folder)),
  }
}

async function runtime(name, cache, folder) {
  const { binary, packages } = RUNTIMES.find((known) => known.name === name)
  const installed = join(cache, name, binary)
  if (existsSync(installed)) return installed
  const [, package_] = /^node_modules\/([^/]+)/.exec(binary)
  const cwd = join(folder, `runtime-${name}`)
  mkdirSync(cwd)
  const manifest = { private: true, allowScripts: { bun: true, deno: true } }
  writeFileSync(join(cwd, 'package.json'), JSON.stringify(manifest))
  await npm(['install', `${package_}@${packages[package_]}`], { cwd })
  if (!existsSync(join(cwd, binary))) throw new Error(`${package_} does not contain ${binary}`)
  return join(cwd, binary)
}

/** Returns a function that calls `work` the first time only. */
function once(work) {
  let result
  return () => {
    result ??= work()
    return result
  }
}
