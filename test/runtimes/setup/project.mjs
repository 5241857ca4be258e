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

/** The file that lists the installed packages. */
const INSTALLED = 'node_modules/.installed.json'

/**
 * Makes a project with the runtime, the tarball and the suite. An import there finds only the installed
 * package. Packages that are already installed in the same version are kept.
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
 * Installs a runtime and its packages before the library is packed, because downloads and compiling take
 * longest. Does nothing if they are installed.
 */
export async function runtimeFor(runtime, { cache }) {
  const folder = join(cache, runtime.name)
  if (existsSync(join(folder, INSTALLED))) return
  await install(folder, runtime.packages, () => installPackages(runtime, runtime.packages, cache))
}

/**
 * Makes a project with only the library, and without the driver that is packed with it. It is outside of any
 * folder with node_modules, in which a runtime would look too.
 */
export async function bareProject(shared) {
  const folder = await projectApart(shared, {})
  rmSync(join(folder, 'node_modules/withmac/node_modules/kysely-bun-sqlite'), { recursive: true })
  return folder
}

/** Makes a project with the library and a better-sqlite3 whose install script did not run. */
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
  // The runtime is installed first, because npm needs its headers to compile. Compiled modules are kept,
  // because compiling takes a minute.
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
  // With the lock file or the installed package, npm would keep the earlier tarball.
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
  // Without this file Bun would use the tsconfig.json above, whose `paths` name the library's sources.
  writeFileSync(join(folder, 'tsconfig.json'), '{}')
}
