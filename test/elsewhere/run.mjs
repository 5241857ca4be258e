import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { RUNTIMES } from '../runtimes/runtimes.mjs'
import { testFiles } from './portable.mjs'

/*
 * Runs the main suite, which `npm test` runs on Bun, also on Node 24 and Deno. Lists the files that it leaves
 * out there, with the reason. `--only=deno` runs it on one of them.
 */

const tests = dirname(dirname(fileURLToPath(import.meta.url)))
const cache = join(tests, '../node_modules/.cache/withmac-runtimes')
// All files run in one process, as on Bun. Modules are then loaded once, which saves half of the time.
const COMMANDS = {
  'node-24': (files) => [
    '--test',
    '--test-isolation=none',
    '--test-force-exit',
    '--test-reporter=dot',
    ...files,
  ],
  deno: (files) => [
    ...['test', '--allow-all', '--no-check', '--quiet', '--reporter=dot'],
    fileOfAll(files),
  ],
}
const chosen = readArguments(process.argv.slice(2))
let failed = 0

for (const name of chosen) {
  const runtime = RUNTIMES.find((known) => known.name === name)
  const binary = join(cache, name, runtime.binary)
  if (!existsSync(binary)) {
    console.error(`${runtime.title} is not installed: run "npm run test:runtimes" first.`)
    process.exit(2)
  }
  // The tests start many processes. Without the cache, each would compile the same files.
  const env = { ...process.env, NO_COLOR: '1', NODE_COMPILE_CACHE: join(cache, 'compiled') }
  const { run, leftOut } = testFiles(tests, name)
  const { status, stdout, stderr } = spawnSync(binary, COMMANDS[name](run), {
    env,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  console.log(`${runtime.title}: ${run.length} test files ${status === 0 ? 'passed' : 'FAILED'}`)
  for (const line of new Set(`${stdout}\n${stderr}`.match(/^\(skip\).*$/gm)))
    console.log(`  ${line}`)
  console.log(`${runtime.title} leaves out:`)
  for (const { file, reason } of leftOut) console.log(`  ${file}: ${reason}`)
  if (status === 0) continue
  failed++
  console.log(stdout, stderr)
}

process.exitCode = failed === 0 ? 0 : 1

/** Writes one file that imports all test files, because Deno loads each file with its imports again. */
function fileOfAll(files) {
  const folder = mkdtempSync(join(tmpdir(), 'withmac-elsewhere-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'all.test.ts')
  const lines = files.map((each) => `import ${JSON.stringify(pathToFileURL(each).href)}\n`)
  writeFileSync(file, lines.join(''))
  return file
}

function readArguments([argument, ...rest]) {
  const names = Object.keys(COMMANDS)
  if (argument === undefined) return names
  const only = names.find((name) => argument === `--only=${name}`)
  if (only !== undefined && rest.length === 0) return [only]
  console.error(`Use --only=${names.join(' or --only=')}, or nothing.`)
  process.exit(2)
}
