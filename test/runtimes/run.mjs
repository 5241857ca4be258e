import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RUNTIMES } from './runtimes.mjs'
import { certificate } from './setup/certificate.mjs'
import { pack } from './setup/pack.mjs'
import { bareProject, projectFor, uncompiledProject } from './setup/project.mjs'
import { runSuite } from './setup/run-suite.mjs'

/*
 * Packs the library, installs it on each runtime, and runs the same suite on all of them.
 * `--only=deno,node-18` runs it only on these. Then the last line says so.
 */

const suite = dirname(fileURLToPath(import.meta.url))
const library = join(suite, '../..')
const cache = join(library, 'node_modules/.cache/withmac-runtimes')
const only = readArguments(process.argv.slice(2))
const chosen = RUNTIMES.filter(({ name }) => only === null || only.includes(name))

const setup = { cache, suite, vectors: join(library, 'test/vectors') }
const tarball = await pack(library, cache)
const shared = { ...setup, tarball }
const bare = await bareProject(shared)
const uncompiled = await uncompiledProject(shared)
const tls = await certificate(cache)

let passed = 0
let failed = 0
for (const runtime of chosen) {
  const result = await tryOn(runtime)
  passed += result.passed
  failed += result.failures.length
  report(runtime, result)
}
const rest = chosen.length === RUNTIMES.length ? '' : ` (only on ${only.join(', ')})`
console.log(`${passed} passed, ${failed} failed${rest}`)
process.exitCode = failed === 0 ? 0 : 1

async function tryOn(runtime) {
  try {
    return await runSuite(runtime, await projectFor(runtime, shared), { bare, uncompiled, tls })
  } catch (error) {
    return { passed: 0, failures: [`could not be run: ${error.message}`], notes: [] }
  }
}

function report(runtime, { passed: good, failures, notes, version = runtime.title, seconds }) {
  const verdict = failures.length === 0 ? '' : `, ${failures.length} FAILED`
  const time = seconds === undefined ? '' : ` (${seconds} s)`
  console.log(`${version}: ${good} checks passed${verdict}${time}`)
  for (const note of notes) console.log(`  ${note}`)
  for (const failure of failures) console.log(`  FAILED: ${failure.replaceAll('\n', '\n    ')}`)
}

function readArguments(given) {
  let names = null
  for (const argument of given) {
    const [flag, value = ''] = argument.split('=')
    names = value.split(',')
    const unknown = names.filter((name) => !RUNTIMES.some((runtime) => runtime.name === name))
    if (flag === '--only' && unknown.length === 0) continue
    console.error(`Use --only=${RUNTIMES.map(({ name }) => name).join(',')}, or some of them.`)
    process.exit(2)
  }
  return names
}
