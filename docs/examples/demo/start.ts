import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createMac, getMac, type NewCredential } from 'withmac'
import { type Exchange, show } from './exchange.ts'
import { sign, withOneCharacterChanged } from './sign.ts'

const once = readArguments(process.argv.slice(2))
const folder = mkdtempSync(join(tmpdir(), 'withmac-demo-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

// The demo prints each exchange itself, so withmac prints no line for rejected requests.
const mac = createMac({ database: `sqlite:${join(folder, 'mac.db')}`, onReject: () => {} })
const greet = (request: Request) => new Response(`hello ${getMac(request)?.user ?? 'anonymous'}`)
const members = mac.withMac(greet)
const everyone = mac.withMac(greet, { mode: 'optional' })
const server = serve((request) =>
  request.url.endsWith('/everyone') ? everyone(request) : members(request),
)
const origin = `http://localhost:${server.port}`
const ada = await mac.createCredential('ada')

console.log(`A server with withMac listens on ${origin}`)
console.log(`Its credentials and nonces are in ${folder} (removed at the end)`)
console.log(`createCredential('ada') made the key identifier ${ada.id}, valid for a day`)

let good = true
for (const [index, exchange] of exchanges(ada).entries()) {
  good = (await show(index + 1, exchange)) && good
}
if (once) {
  await stop(good ? 0 : 1)
} else {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(0))
  console.log('\nYour turn. Paste this into another terminal, then paste it a second time:')
  printCurl()
  console.log('\nPress Enter for a new line. Ctrl-C ends the demo.')
  createInterface({ input: process.stdin }).on('line', printCurl)
}

function exchanges(credential: NewCredential): Exchange[] {
  const url = `${origin}/hello?from=demo`
  const good = sign(credential, url)
  return [
    {
      title: 'Unsigned',
      url,
      authorization: null,
      status: 401,
      contains: 'WWW-Authenticate: MAC\r\n',
    },
    { title: 'Signed', url, authorization: good, status: 200, contains: 'hello ada' },
    {
      title: 'The same request again',
      url,
      authorization: good,
      status: 401,
      contains: 'ERR_MAC_REPLAY',
    },
    {
      title: 'One character of the MAC changed',
      url,
      authorization: withOneCharacterChanged(sign(credential, url)),
      status: 401,
      contains: 'ERR_MAC_REJECTED',
    },
    {
      title: 'Signed for another target',
      url: `${url}&admin=1`,
      authorization: sign(credential, url),
      status: 401,
      contains: 'ERR_MAC_REJECTED',
    },
    {
      title: 'Signed an hour ago',
      url,
      authorization: sign(credential, url, 3600),
      status: 401,
      contains: 'ERR_MAC_TIMESTAMP_STALE',
    },
    {
      title: 'Unsigned, if a signature is optional',
      url: `${origin}/everyone`,
      authorization: null,
      status: 200,
      contains: 'hello anonymous',
    },
  ]
}

function printCurl(): void {
  const url = `${origin}/hello`
  console.log(`\n  curl -i -H 'Authorization: ${sign(ada, url)}' ${url}`)
}

function serve(fetch: (request: Request) => Promise<Response>) {
  const port = Number(process.env.PORT || 0)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    return fail(`PORT is ${process.env.PORT}: it must be a number from 0 to 65535.`)
  }
  try {
    return Bun.serve({ hostname: 'localhost', port, fetch })
  } catch (error) {
    return fail(`The server cannot listen on port ${port}: ${(error as Error).message}`)
  }
}

async function stop(status: number): Promise<never> {
  await server.stop(true)
  await mac.close()
  process.exit(status)
}

function readArguments(given: readonly string[]): boolean {
  const unknown = given.find((argument) => argument !== '--once')
  if (unknown !== undefined)
    fail(`Unknown argument ${unknown}. npm start -- --once ends by itself.`)
  return given.includes('--once')
}

function fail(message: string): never {
  console.error(message)
  process.exit(2)
}
