import { cpSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RUNTIMES } from '../runtimes/runtimes.mjs'
import { certificate } from '../runtimes/setup/certificate.mjs'
import { pack } from '../runtimes/setup/pack.mjs'
import { projectFor } from '../runtimes/setup/project.mjs'
import { lines } from './lines.mjs'

/*
 * Packs the library, installs it on the runtimes that differ most, and sends signed requests from the client
 * of each runtime to the server of each runtime, also to its own.
 */

const NAMES = ['bun', 'deno', 'node-18', 'node-24']
const ADAPTERS = { bun: 'bun', deno: 'deno' }
const here = dirname(fileURLToPath(import.meta.url))
const library = join(here, '../..')
const cache = join(library, 'node_modules/.cache/withmac-runtimes')
const vectors = join(library, 'test/vectors')
const credential = { id: 'ada-id', key: 'ada-a-key-that-holds-128-bits', algorithm: 'hmac-sha-256' }

const tarball = await pack(library, cache)
const tls = await certificate(cache)
const shared = { cache, tarball, vectors, suite: join(library, 'test/runtimes') }
const places = []
for (const runtime of RUNTIMES.filter(({ name }) => NAMES.includes(name))) {
  const folder = await projectFor(runtime, shared)
  rmSync(join(folder, 'pairs'), { recursive: true, force: true })
  for (const name of ['server', 'client']) {
    cpSync(join(here, name), join(folder, 'pairs', name), { recursive: true })
  }
  places.push({ runtime, folder })
}

const start = performance.now()
const servers = []
for (const { runtime, folder } of places) {
  const config = { adapter: ADAPTERS[runtime.name] ?? 'hono', credential, certificate: tls }
  const running = lines(runtime, folder, 'pairs/server/serve.mjs', config, tls)
  servers.push({ name: runtime.title, ports: JSON.parse(await running.next()) })
}
let passed = 0
let failed = 0
for (const { runtime, folder } of places) {
  const config = { credential, servers, vectors: join(vectors, 'awkward-urls.json') }
  const client = lines(runtime, folder, 'pairs/client/client.mjs', config, tls)
  for (const { name } of servers) {
    const began = performance.now()
    const { server, passed: good, failures } = JSON.parse(await client.next())
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    const verdict = failures.length === 0 ? '' : `, ${failures.length} FAILED`
    console.log(`${runtime.title} to ${server}: ${good} checks passed${verdict} (${seconds} s)`)
    for (const failure of failures) console.log(`  FAILED: ${failure.replaceAll('\n', '\n    ')}`)
    if (server !== name) throw new Error(`the answer was about ${server}, not ${name}`)
    passed += good
    failed += failures.length
  }
}
console.log(
  `${passed} passed, ${failed} failed, in ${Math.round((performance.now() - start) / 1000)} s`,
)
process.exit(failed === 0 ? 0 : 1)
