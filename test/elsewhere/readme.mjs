import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RUNTIMES } from '../runtimes/runtimes.mjs'
import { command, npm } from '../runtimes/setup/command.mjs'
import { npmThatCompiles } from '../runtimes/setup/native.mjs'
import { pack } from '../runtimes/setup/pack.mjs'
import { answers } from './answers.mjs'
import { followDockerfile } from './dockerfile.mjs'
import { denoPermissions, example, packagesOf } from './readme-text.mjs'
import { registryOf } from './registry.mjs'

/* Runs the servers of the documentation on their runtimes, set up as it says, in folders outside the checkout. */

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const cache = join(root, 'node_modules/.cache/withmac-runtimes')
const tarball = await pack(root, cache)
const temporary = mkdtempSync(join(tmpdir(), 'withmac-readme-'))
process.on('exit', () => rmSync(temporary, { recursive: true, force: true }))
let passed = 0

await onBun()
await asInContainer()
for (const name of ['node-18', 'node-24']) await onNode(name)
await onDenoFromSource()
await onDenoFromNpm()
console.log(`${passed} passed, 0 failed`)

async function onBun() {
  const { binary, folder } = place('bun')
  await npm(['install', tarball], { cwd: folder })
  writeFileSync(join(folder, 'server.ts'), example('Bun.serve'))
  await shows('bun', binary, ['server.ts'], folder)
}

/** Follows the Dockerfile of the documentation, instruction by instruction, without a container engine. */
async function asInContainer() {
  const { binary, folder } = place('bun')
  copyFileSync(tarball, join(folder, basename(tarball)))
  writeFileSync(join(folder, 'server.ts'), example('Bun.serve'))
  await command(binary, ['add', `./${basename(tarball)}`], { cwd: folder })
  const { args, cwd, variables } = await followDockerfile({ context: folder, bun: binary })
  await shows('bun, as in a container', binary, args, cwd, variables)
}

/** Installs with npm on this version of Node, and with the further packages that the documentation names. */
async function onNode(name) {
  const { runtime, binary, folder } = place(name)
  const adapter = packagesOf('// server.mjs: node server.mjs')
  const packages =
    name === 'node-18'
      ? [...adapter.map((each) => `${each}@1`), ...packagesOf('earlier versions of Node')]
      : adapter
  const under = await npmThatCompiles(cache, join(cache, name), runtime)
  await npm(['install', tarball, ...packages], { cwd: folder, ...under })
  writeFileSync(join(folder, 'server.mjs'), example('@hono/node-server'))
  await shows(name, binary, ['server.mjs'], folder)
}

/** Uses a clone next to the application. Nothing is installed or built in it. */
async function onDenoFromSource() {
  const { binary, folder } = place('deno')
  for (const name of ['src', 'package.json', 'tsconfig.json']) {
    cpSync(join(root, name), join(folder, '../withmac', name), { recursive: true })
  }
  writeFileSync(join(folder, 'deno.json'), example('"imports"'))
  writeFileSync(join(folder, 'server.mjs'), example('Deno.serve'))
  await shows('deno, from source', binary, denoArguments(), folder, denoCache())
}

/** Uses the package by its name, as if it were published. The folder contains only the server. */
async function onDenoFromNpm() {
  const { binary, folder } = place('deno')
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const registry = await registryOf(tarball, manifest)
  writeFileSync(join(folder, 'server.mjs'), fromNpm(example('Deno.serve')))
  const variables = { ...denoCache(), NPM_CONFIG_REGISTRY: registry.url }
  await shows('deno, npm:withmac', binary, denoArguments(), folder, variables)
  registry.close()
}

function fromNpm(code) {
  return code.replace("from 'withmac'", "from 'npm:withmac'")
}

function denoArguments() {
  return ['run', '--no-prompt', ...denoPermissions(), 'server.mjs']
}

/** A new, empty cache. */
function denoCache() {
  return { DENO_DIR: mkdtempSync(join(temporary, 'deno-')) }
}

/** Returns a runtime and an empty folder. Its parent folder is also new, so a clone can be put next to it. */
function place(name) {
  const runtime = RUNTIMES.find((known) => known.name === name)
  const binary = join(cache, name, runtime.binary)
  if (!existsSync(binary)) {
    console.error(`${runtime.title} is not downloaded yet. Run "npm run test:runtimes" first.`)
    process.exit(2)
  }
  const folder = join(mkdtempSync(join(temporary, `${name}-`)), 'application')
  mkdirSync(folder)
  return { runtime, binary, folder }
}

async function shows(name, binary, args, cwd, variables) {
  await answers(binary, args, { cwd, variables })
  const seconds = Math.round(performance.now() / 1000)
  console.log(`${name}: the documentation's server answers 401, 200 and 401 (after ${seconds} s)`)
  passed += 3
}
