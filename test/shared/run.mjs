import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { RUNTIMES } from '../runtimes/runtimes.mjs'

/*
 * Runs the tests that need Redis and PostgreSQL on every runtime. The tests start both. If one is not
 * installed, they fail and say what to install.
 */

const here = import.meta.dirname
const root = join(here, '../..')
const cache = join(root, 'node_modules/.cache/withmac-runtimes')
const files = ['redis.ts', 'postgres.ts'].map((file) => join(here, file))
let failed = 0

for (const [name, args] of [
  ['bun', ['test', '--timeout', '60000']],
  ['node-24', ['--test', '--test-concurrency=1', '--test-reporter=dot']],
  ['deno', ['test', '--allow-all', '--no-check', '--quiet', '--reporter=dot']],
]) {
  const { title, binary } = RUNTIMES.find((known) => known.name === name)
  const place = [join(cache, name, binary), join(root, binary)].find((path) => existsSync(path))
  if (place === undefined) {
    console.error(`${title} is not installed: run "npm run test:runtimes" first.`)
    process.exit(2)
  }
  const { status, stdout, stderr } = spawnSync(place, [...args, ...files], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1' },
    encoding: 'utf8',
  })
  console.log(`${title}: limits in Redis and PostgreSQL ${status === 0 ? 'passed' : 'FAILED'}`)
  if (status === 0) continue
  failed++
  console.log(stdout, stderr)
}

process.exitCode = failed === 0 ? 0 : 1
