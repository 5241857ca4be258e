import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RUNTIMES } from '../runtimes/runtimes.mjs'
import { cleanEnvironment } from '../runtimes/setup/command.mjs'
import { pack } from '../runtimes/setup/pack.mjs'
import { projectFor } from '../runtimes/setup/project.mjs'
import { registryOf } from './registry.mjs'

/*
 * Runs the command line as its users do: the packed library, as if it were published, with npx, bunx and
 * deno. Each runs in an empty folder, and all use one database that a running server uses too.
 */

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const cache = join(root, 'node_modules/.cache/withmac-runtimes')
const temporary = mkdtempSync(join(tmpdir(), 'withmac-cli-'))
process.on('exit', () => rmSync(temporary, { recursive: true, force: true }))

const missing = ['bun', 'deno', 'node-18', 'node-24'].filter((name) => !existsSync(binaryOf(name)))
if (missing.length > 0) {
  console.error(`Not downloaded yet: ${missing.join(', ')}. Run "npm run test:runtimes" first.`)
  process.exit(2)
}

const tarball = await pack(root, cache)
const registry = await registryOf(
  tarball,
  JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')),
)
const shared = {
  cache,
  tarball,
  suite: join(root, 'test/runtimes'),
  vectors: join(root, 'test/vectors'),
}
const node24 = await projectFor(runtimeOf('node-24'), shared)
const node18 = await projectFor(runtimeOf('node-18'), shared)
const main = 'node_modules/withmac/dist/cli/main.js'
const database = `sqlite:${join(temporary, 'mac.db')}`
const server = await startServer()

/** The ways to run it: a name, the words before the arguments, the Node on the PATH, and the words that it prints for itself. */
const npx = ['npx', '--yes', 'withmac']
const bunx = [binaryOf('bun'), 'x']
const WAYS = [
  ['npx, Node 24', npx, 'node-24', 'npx --no-install withmac'],
  ['bunx, which takes Node 24', [...bunx, 'withmac'], 'node-24', 'bunx --no-install withmac'],
  ['bunx --bun', [...bunx, '--bun', 'withmac'], 'node-24', 'bunx --no-install --bun withmac'],
  [
    'deno run npm:withmac',
    [binaryOf('deno'), 'run', '--quiet', '-A', 'npm:withmac'],
    'node-24',
    'deno run -A npm:withmac',
  ],
  [
    'installed, Node 18 with better-sqlite3',
    [binaryOf('node-18'), join(node18, main)],
    'node-18',
    'withmac',
  ],
]
const failures = []
let passed = 0

try {
  for (const [name, words, node, itself] of WAYS)
    await tryWay(name, (...args) => run([...words, ...args], node), itself)
  await check('npx, Node 18 without SQLite: list says what to install or run instead', async () => {
    const { err, status } = await run([...npx, 'list'], 'node-18')
    demand(status === 3 && /Node 18\S* has no SQLite of its own/.test(err), err)
    demand(
      /npm install better-sqlite3@11/.test(err) && /bunx --no-install --bun withmac/.test(err),
      err,
    )
  })
  await check('npx, Node 18 without SQLite: sign works', async () => {
    const env = { MAC_ID: 'ada', MAC_KEY: 'key' }
    const { out, err, status } = await run([...npx, 'sign', 'GET', server.url], 'node-18', env)
    demand(status === 0 && out.startsWith('Authorization: MAC id="ada"'), err)
  })
  await check('sqlite3 shows no key of a sealed database', async () => {
    const sealed = join(temporary, 'sealed.db')
    const unkeyed = { MAC_DATABASE_URL: `sqlite:${sealed}`, MAC_SEALING_KEY: undefined }
    const env = { ...unkeyed, MAC_SEALING_KEY: randomBytes(32).toString('base64') }
    const made = await run([...npx, 'create', 'ada', '--json'], 'node-24', env)
    const { id, key } = JSON.parse(made.out)
    const dump = await run(['sqlite3', sealed, 'select * from mac_credentials', '.dump'], 'node-24')
    demand(dump.status === 0 && dump.out.includes(id), dump.out + dump.err)
    demand(key.length === 43 && !dump.out.includes(key), 'the key is in the dump')
    const list = await run([...npx, 'list'], 'node-24', unkeyed)
    demand(
      list.status === 3 && /sealed by a sealing key that was not given/.test(list.err),
      list.err,
    )
    const shown = await run([...npx, 'sign', 'GET', server.url, '--id', id], 'node-24', env)
    demand(shown.status === 0 && shown.out.includes(`id="${id}"`), shown.err)
  })
  await check(
    'deno without permissions: the error names the permission and has no stack',
    async () => {
      const words = [binaryOf('deno'), 'run', '--quiet', '--no-prompt', 'npm:withmac', 'list']
      const { err, status } = await run(words, 'node-24')
      demand(status !== 0 && /deno run -A\./.test(err) && !/^\s+at /m.test(err), err)
    },
  )
} finally {
  server.stop()
  registry.close()
}
console.log(`${passed} passed, ${failures.length} failed`)
process.exitCode = failures.length === 0 ? 0 : 1

async function tryWay(name, withmac, itself) {
  const user = name.replace(/\W+/g, '-')
  await check(
    `${name}: the curl line of create is accepted once, then rejected as a replay`,
    async () => {
      const { out, err, status } = await withmac('create', user, '--url', server.url)
      // The first time, bunx prints what it downloads.
      demand(status === 0 && !/withmac: |Warning|^\s+at /m.test(err), err)
      const line = /^ {2}(curl .*)$/m.exec(out)?.[1]
      const first = await run(['sh', '-c', line], 'node-24')
      demand(first.out.includes(' 200 ') && first.out.includes(`hello ${user}`), first.out)
      const second = await run(['sh', '-c', line], 'node-24')
      demand(
        second.out.includes(' 401 ') && second.out.includes('The nonce was used before.'),
        second.out,
      )
    },
  )
  await check(`${name}: list, fetch and doctor work`, async () => {
    const list = await withmac('list', '--user', user, '--json')
    const [{ id }] = JSON.parse(list.out)
    const fetched = await withmac('fetch', server.url, '--id', id)
    demand(fetched.out === `hello ${user}` && fetched.status === 0, fetched.out + fetched.err)
    const doctor = await withmac('doctor', server.url, '--id', id)
    demand(doctor.status === 0 && doctor.err === '', doctor.out + doctor.err)
    const own = await withmac('doctor')
    demand(own.status === 0 && own.err === '', own.out + own.err)
  })
  await check(`${name}: an unknown credential is an error of one line, with status 1`, async () => {
    const { err, status } = await withmac('show', 'nobody')
    demand(status === 1 && /^withmac: there is no credential nobody in \S+\. .*\n$/.test(err), err)
    demand(err.includes(`. To see all of them: "${itself} list".`), err)
  })
}

async function check(name, work) {
  try {
    await work()
    passed++
    console.log(`ok    ${name}`)
  } catch (error) {
    failures.push(name)
    console.log(`FAIL  ${name}\n${error.message}`)
  }
}

function demand(good, otherwise) {
  if (!good) throw new Error(otherwise || 'nothing was printed')
}

function runtimeOf(name) {
  return RUNTIMES.find((runtime) => runtime.name === name)
}

function binaryOf(name) {
  return join(cache, name, runtimeOf(name).binary)
}

/** Runs a command in an empty folder, with its own caches. */
function run([command, ...args], node, more = {}) {
  const cwd = mkdtempSync(join(temporary, 'empty-'))
  const downloads = join(temporary, 'downloads')
  mkdirSync(downloads, { recursive: true })
  const env = {
    ...cleanEnvironment(),
    PATH: [dirname(binaryOf(node)), process.env.PATH].join(delimiter),
    TMPDIR: downloads,
    BUN_TMPDIR: downloads,
    BUN_INSTALL_CACHE_DIR: join(downloads, 'bun'),
    DENO_DIR: join(downloads, 'deno'),
    npm_config_cache: join(downloads, 'npm'),
    npm_config_registry: registry.url,
    NPM_CONFIG_REGISTRY: registry.url,
    npm_config_update_notifier: 'false',
    DENO_NO_UPDATE_CHECK: '1',
    MAC_DATABASE_URL: database,
    ...more,
  }
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const printed = { out: '', err: '' }
    for (const [name, stream] of [
      ['out', child.stdout],
      ['err', child.stderr],
    ]) {
      stream.setEncoding('utf8').on('data', (chunk) => {
        printed[name] += chunk
      })
    }
    child.on('error', reject)
    child.on('close', (status) => resolve({ ...printed, status }))
  })
}

/** Starts a server as in the documentation, on Node 24, with the database of the commands. */
async function startServer() {
  const script = join(node24, 'cli-server.mjs')
  writeFileSync(
    script,
    `import { serve } from '@hono/node-server'
import { getMac, withMac } from 'withmac'
const app = (request) => new Response('hello ' + getMac(request).user)
const requestTarget = (_request, env) => env.incoming
serve({ fetch: withMac(app, { requestTarget }), hostname: '127.0.0.1', port: 0 }, ({ port }) => console.log(port))
`,
  )
  const env = { ...cleanEnvironment(), MAC_DATABASE_URL: database }
  const child = spawn(binaryOf('node-24'), [script], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const port = await new Promise((resolve) =>
    child.stdout.once('data', (text) => resolve(Number(text))),
  )
  return {
    url: `http://127.0.0.1:${port}/hello?from=cli`,
    stop: () => {
      child.kill()
      rmSync(script)
    },
  }
}
