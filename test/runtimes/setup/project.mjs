import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compiles, native } from '../runtimes.mjs'
import { npm } from './command.mjs'
import { npmThatCompiles } from './native.mjs'

/** Says which packages are there. */
const INSTALLED = 'node_modules/.installed.json'

/**
 * An empty project with the runtime, the tarball, and the suite in it, where an import finds the
 * installed package and nothing else. What is there from before, and the same, is kept.
 */
export async function projectFor(runtime, { cache, tarball, suite, vectors }) {
  const folder = join(cache, runtime.name)
  const packages = { ...runtime.packages, withmac: `file:${tarball}` }
  await install(folder, packages, () => installPackages(runtime, packages, cache))
  writeManifest(folder, packages)
  for (const name of ['suite', 'server']) {
    rmSync(join(folder, name), { recursive: true, force: true })
    cpSync(join(suite, name), join(folder, name), { recursive: true })
  }
  cpSync(vectors, join(folder, 'vectors'), { recursive: true, force: true })
  return folder
}

/**
 * Installs a runtime and what it needs besides the library, which may not be packed yet: downloads and
 * compilers take longest. What is there from before stays.
 */
export async function runtimeFor(runtime, { cache }) {
  const folder = join(cache, runtime.name)
  if (existsSync(join(folder, INSTALLED))) return
  await install(folder, runtime.packages, () => installPackages(runtime, runtime.packages, cache))
}

/**
 * A project with the library alone, and without the driver that is packed with it. It is far from any
 * other folder of modules, because a runtime would search that too.
 */
export async function bareProject(shared) {
  const folder = await projectApart(shared, {})
  rmSync(join(folder, 'node_modules/withmac/node_modules/kysely-bun-sqlite'), { recursive: true })
  return folder
}

/** A project with the library and a better-sqlite3 whose install script did not run. */
export function uncompiledProject(shared) {
  return projectApart(shared, native)
}

async function projectApart({ tarball, suite }, packages) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'withmac-apart-')))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  writeManifest(folder, { ...packages, withmac: `file:${tarball}` })
  await npm(['install', '--ignore-scripts'], { cwd: folder })
  cpSync(join(suite, 'server'), join(folder, 'server'), { recursive: true })
  return folder
}

async function installPackages(runtime, packages, cache) {
  const folder = join(cache, runtime.name)
  if (!compiles(runtime)) return npm(['install'], { cwd: folder })
  // The headers must be there before npm compiles with them: the runtime comes first. What was
  // compiled before stays, since compiling takes a minute.
  if (!existsSync(join(folder, runtime.binary))) {
    const { withmac: _, 'better-sqlite3': __, ...first } = packages
    writeManifest(folder, first)
    await npm(['install'], { cwd: folder })
  }
  const compiling = await npmThatCompiles(cache, folder, runtime)
  writeManifest(folder, packages)
  return npm(['install'], { cwd: folder, ...compiling })
}

async function install(folder, packages, work) {
  const done = join(folder, INSTALLED)
  const wanted = JSON.stringify(packages)
  if (existsSync(done) && readFileSync(done, 'utf8') === wanted) return
  mkdirSync(folder, { recursive: true })
  rmSync(done, { force: true })
  // The lock, and what is there, would hold npm to the tarball of the last time.
  rmSync(join(folder, 'package-lock.json'), { force: true })
  rmSync(join(folder, 'node_modules/withmac'), { recursive: true, force: true })
  writeManifest(folder, packages)
  await work()
  writeFileSync(done, wanted)
}

function writeManifest(folder, packages) {
  const manifest = {
    private: true,
    type: 'module',
    dependencies: packages,
    allowScripts: { bun: true, deno: true, 'better-sqlite3': true },
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2))
  // Bun would go by the next one above, whose `paths` lead to the library's sources.
  writeFileSync(join(folder, 'tsconfig.json'), '{}')
}
