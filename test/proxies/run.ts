import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { faultsOf } from './faults.ts'
import { withTables } from './page.ts'
import { PROXIES } from './proxies.ts'
import { withoutCopies } from './record.ts'
import type { ProxyResults } from './results.ts'

/*
 * Runs nginx, haproxy, Caddy, Apache, lighttpd and Varnish in front of a server, each with several configurations,
 * and prints what withmac accepts. It fails if a configuration of the documentation has a fault, or if the tables in
 * docs/proxies.md are not what it prints.
 */

const PAGE = 'docs/proxies.md'
const USAGE = `npm run test:proxies -- [options], as root on Debian
  --only NAME      only this proxy: ${PROXIES.map(({ name }) => name).join(', ')}; the page is not compared
  --write          writes the tables into ${PAGE}
  --record FILE    writes rejected requests into a file, for test/explain/corpus`

const { only, write, record } = readArguments()
const chosen = PROXIES.filter(({ name }) => only === undefined || name === only)
if (chosen.length === 0) usage(`There is no proxy ${only}.`)
const start = performance.now()
const folder = mkdtempSync(join(tmpdir(), 'withmac-proxies-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const isolated = canIsolate()
// The last one takes longest, because Varnish compiles its configuration.
const waiting = chosen.toReversed()
const results = new Map<string, ProxyResults>()
const problems: string[] = []
// In one network, only one proxy can listen on a port.
const workers = isolated ? availableParallelism() : 1
await Promise.all(Array.from({ length: workers }, work))

const all = chosen.flatMap(({ name }) => results.get(name) ?? [])
for (const each of all) problems.push(...faultsOf(each))
const page = readFileSync(PAGE, 'utf8')
const made = withTables(page, all)
console.log(made.tables)
if (only === undefined && all.length === PROXIES.length) {
  if (write) writeFileSync(PAGE, made.page)
  else if (made.hasOtherVersions) {
    // Proxies change. What a configuration of the documentation must do is checked all the same.
    console.log(`${PAGE} was made with other versions of the proxies, so it is not compared.`)
  } else if (made.page !== page) {
    problems.push(
      `The tables in ${PAGE} differ from these. See what changed: npm run test:proxies -- --write && git diff`,
    )
  }
}
if (record !== undefined) {
  const pairs = withoutCopies(all.flatMap(({ rejected }) => rejected))
  writeFileSync(record, `${JSON.stringify(pairs, null, 2)}\n`)
}
const setUps = all.flatMap((each) => each.setUps)
console.log(
  `${setUps.length} set-ups of ${all.length} proxies in ${Math.round((performance.now() - start) / 1000)} s`,
)
for (const problem of problems) console.error(`FAILED: ${problem}`)
process.exit(problems.length === 0 ? 0 : 1)

async function work(): Promise<void> {
  for (let proxy = waiting.shift(); proxy !== undefined; proxy = waiting.shift()) {
    const file = join(folder, proxy.name)
    const script = [process.execPath, join(import.meta.dirname, 'one-proxy.ts'), proxy.name, file]
    const command = isolated ? ['unshare', '--net', ...script, '--own-network'] : script
    const { status, output } = await end(command)
    if (status === 0) results.set(proxy.name, JSON.parse(readFileSync(file, 'utf8')))
    else problems.push(`${proxy.name} ended with ${status}:\n${output}`)
  }
}

/** Runs a command for at most two minutes. */
function end([command = '', ...args]: readonly string[]) {
  return new Promise<{ status: number | string | null; output: string }>((resolve) => {
    let output = ''
    const env = { ...process.env, NODE_ENV: 'test' }
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 })
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk
      })
    }
    child.on('error', (error) => resolve({ status: error.message, output }))
    child.on('close', (status, signal) => resolve({ status: status ?? signal, output }))
  })
}

/** Whether a process may have its own network, in which all ports are free. */
function canIsolate(): boolean {
  return spawnSync('unshare', ['--net', 'ip', 'link', 'set', 'lo', 'up']).status === 0
}

function readArguments() {
  const text = { type: 'string' } as const
  try {
    return parseArgs({ options: { only: text, write: { type: 'boolean' }, record: text } }).values
  } catch (error) {
    return usage((error as Error).message)
  }
}

function usage(message: string): never {
  console.error(`${message}\n\n${USAGE}`)
  process.exit(2)
}
