import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The runtimes that are measured. */
export type RuntimeName = 'bun' | 'node-24' | 'deno'

/** An installed runtime. */
export interface Runtime {
  readonly name: RuntimeName
  /** Its name and version, for the output. */
  readonly title: string
  readonly binary: string
  /** The arguments before the file: all permissions, no type check, `gc()` exposed. */
  readonly args: readonly string[]
}

/** The description of a runtime in test/runtimes. */
interface Described {
  readonly name: string
  readonly title: string
  readonly binary: string
  readonly packages: Readonly<Record<string, string>>
}

const ARGUMENTS: Readonly<Record<RuntimeName, readonly string[]>> = {
  bun: ['--expose-gc'],
  'node-24': ['--expose-gc', '--disable-warning=ExperimentalWarning'],
  deno: ['run', '--no-prompt', '--allow-all', '--no-check', '--v8-flags=--expose-gc'],
}

/** The folder of the repository. */
export const ROOT: string = join(import.meta.dirname, '../..')
const TESTS = join(ROOT, 'test/runtimes')
const CACHE = join(ROOT, 'node_modules/.cache')

/** Finds a runtime in the version of the tests, or installs it inside `node_modules`. */
export async function findRuntime(name: RuntimeName): Promise<Runtime> {
  const { RUNTIMES } = await load<{ RUNTIMES: Described[] }>('runtimes.mjs')
  const described = RUNTIMES.find((known) => known.name === name)
  if (described === undefined) throw new Error(`test/runtimes knows no ${name}.`)
  // The first package is the runtime itself. The others are for servers.
  const [entry] = Object.entries(described.packages)
  const [packageName, version] = entry as [string, string]
  const own = join(CACHE, 'withmac-bench', name)
  const places = [ROOT, join(CACHE, 'withmac-runtimes', name), own]
  const holds = (place: string) =>
    existsSync(join(place, described.binary)) && versionIn(place, packageName) === version
  if (!places.some(holds)) await install(own, packageName, version)
  const folder = places.find(holds)
  if (folder === undefined) throw new Error(`npm did not install ${described.title}.`)
  const { title, binary } = described
  return { name, title, binary: join(folder, binary), args: ARGUMENTS[name] }
}

function versionIn(place: string, packageName: string): string | null {
  const manifest = join(place, 'node_modules', packageName, 'package.json')
  if (!existsSync(manifest)) return null
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}

async function install(folder: string, packageName: string, version: string): Promise<void> {
  console.error(`installing ${packageName} ${version}`)
  mkdirSync(folder, { recursive: true })
  const manifest = {
    private: true,
    dependencies: { [packageName]: version },
    allowScripts: { bun: true, deno: true },
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  type Npm = (args: string[], options: { cwd: string }) => Promise<string>
  const { npm } = await load<{ npm: Npm }>('setup/command.mjs')
  await npm(['install'], { cwd: folder })
}

/** Imports a script of the tests, which is JavaScript without types. */
async function load<Module>(name: string): Promise<Module> {
  return (await import(join(TESTS, name))) as Module
}
