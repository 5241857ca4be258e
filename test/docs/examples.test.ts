import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { runToEnd } from '../support/process.ts'
import { beforeAll, expect, test } from '../support/runner.ts'
import { isFrameworkFile } from './framework-files.ts'
import { BLOCKS, block, page, ROOT } from './pages.ts'

/** The metrics that the example counts: see `metered`. */
const METERED = [
  'withmac.accepted 3',
  'withmac.accepted.duration 3 with seconds',
  'withmac.batch.duration 3 with seconds',
  'withmac.batch.size 3 with 3',
  'withmac.pruned credentials 1',
  'withmac.pruned nonces 3',
  'withmac.rejected ERR_MAC_MISSING 2',
  'withmac.rejected ERR_MAC_REPLAY 1',
  'withmac.rotated 1',
]

/** The examples that `on-bun.test.ts`, `test/elsewhere/readme.mjs` and `test/browser/client.mjs` run. */
const RUN_OTHERWISE = [
  'export async function keepCredential',
  ...['// server.ts: npx bun', '// client.ts', "process.on('SIGTERM'"],
  ...['// server.mjs: node', '// server.mjs: deno'],
]

/** Each example, with a script that uses it as `./example.ts`, and the last line that the script prints. */
const USES: readonly (readonly [contains: string, uses: string, prints: string])[] = [
  ["app.get('/me'", 'await show((request) => example.default.fetch(request))', '200 401 401'],
  [
    '// src/routes/orders/+server.ts',
    'await show((request) => example.GET({ request }))',
    '200 401 401',
  ],
  ['+types/orders', 'await show((request) => example.loader({ request }))', '200 401 401'],
  ["'no reason'", 'await show((request) => example.fetch(request))', '200 200 200'],
  ['hasDigest', 'await show((request) => example.fetch(request))', '200 401 401'],
  ["key: 'only-for-tests'", 'void example', 'null'],
  ['await mac.rotateCredential(id', 'void example', ']'],
  [
    'export const order =',
    'await serve(async (url) => console.log((await example.order(url, "tea")).status))',
    '200',
  ],
  [
    'export const hello =',
    'await serve(async (url) => console.log((await example.hello(url, KEY)).status))',
    '200',
  ],
  [
    'export function open(',
    `await createCredential('ada', { ...KEY, ifExists: 'keep' })
     let accepted = ''
     const onAccept = ({ user }) => { accepted = user }
     const server = await listen(withMac(() => new Response('no upgrade'), { onAccept }))
     const socket = example.open(\`ws://127.0.0.1:\${server.port}/\`, KEY)
     await new Promise((resolve) => { socket.onclose = socket.onerror = resolve })
     await server.close()
     console.log(accepted)`,
    'ada',
  ],
  [
    'type MacEnv',
    `const ada = await createCredential('ada', { scopes: ['orders:write'] })
     const ask = async (method, path) => {
       const headers = { authorization: sign(method, 'http://a.test' + path, ada) }
       return (await example.default.request('http://a.test' + path, { method, headers })).text()
     }
     console.log(
       await ask('GET', '/api/me'),
       await ask('POST', '/orders'),
       (await example.default.request('http://a.test/api/me')).status)`,
    '{"user":"ada"} order of ada 401',
  ],
  [
    'export async function middleware',
    `const { getMac } = await import('withmac')
     await show((request) =>
       example.middleware(request, async () => new Response(getMac(request).user)))`,
    '200 401 401',
  ],
  [
    'export const bringAlong',
    `const { id, key, algorithm } = await example.bringAlong('ada', 'old', '489dks293j39')
     console.log(id, key, algorithm)`,
    'old 489dks293j39 hmac-sha-1',
  ],
  ['rotateCredential(id, { graceSeconds: 3600 }) // a new key; the', 'void example', ']'],
  [
    "database: 'sqlite:orders.db'",
    'console.log((await example.fetch(new Request("https://api.example.com/"))).status)',
    '401',
  ],
  [
    "new Response('hello'), { origin: 'https://api.example.com' })",
    `const authorization = sign('GET', 'https://api.example.com/', await createCredential('ada'))
     const request = new Request('http://10.0.0.1/', { headers: { authorization } })
     console.log((await example.fetch(request)).status)`,
    '200',
  ],
  [
    'from any machine',
    `const url = 'https://api.example.com/'
     const headers = { authorization: sign('GET', url, await example.mac.createCredential('ada')) }
     const ask = async () => (await example.fetch(new Request(url, { headers }))).status
     console.log(await ask(), await ask())`,
    '200 401',
  ],
  [
    '__Host-session=',
    `example.sessions.set('1', { email: 'ada@example.com', isAdmin: true })
     const get = async (cookie) => {
       const request = new Request('https://admin.example.com/admin', { headers: { cookie } })
       const response = await example.default.routes['/admin'](request)
       return [response.status, (await response.text()).includes('ada@example.com')]
     }
     console.log(...await get('a=b; __Host-session=1'), ...await get('__Host-session=2'))`,
    '200 true 403 false',
  ],
  [
    "app.all('/keys/*'",
    `const get = (path) => example.default.fetch(new Request('http://localhost' + path))
     console.log((await get('/keys')).status, (await get('/keys/audit')).status, (await get('/')).status)`,
    '403 403 404',
  ],
  [
    '// SvelteKit: ',
    `const request = new Request('http://localhost/admin/audit')
     console.log((await example.GET({ request })).status, (await example.POST({ request })).status)`,
    '403 403',
  ],
  [
    'createTokenEndpoint(',
    `const { createTokenFetch } = await import('withmac/client')
     const server = await listen(example.fetch)
     const api = \`http://127.0.0.1:\${server.port}\`
     const clientSecret = process.env.SHOP_SECRET
     const client = { tokenEndpoint: \`\${api}/token\`, clientId: 'shop', clientSecret }
     const hello = await (await createTokenFetch(client)(api)).text()
     const wrong = createTokenFetch({ ...client, clientSecret: 'guess' })(api)
     const code = await wrong.catch((error) => error.code)
     await server.close()
     console.log(hello, code)`,
    'hello ada ERR_MAC_CLIENT_TOKEN',
  ],
  [
    'createTokenFetch(',
    `const { createMac, getMac } = await import('withmac')
     const { createTokenEndpoint } = await import('withmac/oauth')
     const mac = createMac()
     const client = { user: 'ada', scopes: ['orders:read'] }
     const authenticateClient = (sent) => sent.clientSecret === process.env.SHOP_SECRET ? client : null
     const token = createTokenEndpoint(mac, { authenticateClient })
     const app = mac.withMac((request) => new Response(getMac(request).scopes.join()))
     const { port, close } = await listen((request) =>
       request.url.endsWith('/token') ? token(request) : app(request))
     const api = \`http://127.0.0.1:\${port}\`
     console.log(await (await example.shopFetch(api)(api)).text())
     await close()`,
    'orders:read',
  ],
  [
    'signRequest(',
    'await serve(async (url) => console.log(...(await example.twoWays(url, KEY)).map(statusOf)))',
    '200 200',
  ],
  [
    'report.explain()',
    `const signed = sign('GET', 'https://api.example.com/me', await createCredential('ada'))
     const headers = { authorization: signed }
     await example.fetch(new Request('http://api.example.com/me', { headers }))`,
    quoted('> The client signed port'),
  ],
  [
    "app.post('/orders', async (context) =>",
    `const { signedRequest } = await import('withmac/testing')
const url = 'http://a.test/orders'
const headers = { origin: 'https://shop.example.com', 'access-control-request-method': 'POST' }
const post = { method: 'POST', headers, body: '{"a":1}' }
const credential = await createCredential('ada')
const requests = [
  new Request(url, { method: 'OPTIONS', headers }),
  new Request(url, post),
  await signedRequest(url, { ...post, credential, bindBody: true }),
]
const answers = await Promise.all(requests.map((request) => example.fetch(request)))
const allowed = answers.map((answer) => answer.headers.get('access-control-allow-origin'))
console.log(...answers.map(statusOf), new Set(allowed).size, allowed[0], await answers[2].text())`,
    '204 401 200 1 https://shop.example.com {"user":"ada","order":{"a":1}}',
  ],
  [
    'path: (request) =>',
    `const authorization = sign('GET', 'http://a.test/api/orders?a', await createCredential('ada'))
     const ask = (path) =>
       example.fetch(new Request('http://a.test' + path, { headers: { authorization } }))
     console.log(...[await ask('/a?a'), await ask('/orders?a')].map(statusOf))`,
    '401 200',
  ],
  [
    'maxBodyBytes: 100_000',
    `const { signedRequest } = await import('withmac/testing')
const credential = await createCredential('ada')
const init = { method: 'POST', body: '{"a":1}', credential }
const bound = await signedRequest('http://localhost/', { ...init, bindBody: true })
const statuses = [await signedRequest('http://localhost/', init)].map(example.fetch)
console.log(await (await example.fetch(bound)).text(), (await statuses[0]).status)`,
    '{"order":{"a":1},"verified":true} 401',
  ],
  [
    'MAC_CHANNELS',
    `const { createMac } = await import('withmac')
     const { metered } = await import('${join(ROOT, 'test/support/metered.ts')}')
     console.log((await metered(example.meterMac, createMac)).join(', '))`,
    METERED.join(', '),
  ],
  [
    'mac.routes({',
    `const ada = await createCredential('ada', { scopes: ['orders:read'] })
     const ask = async (method, path, pattern, params = {}) => {
       const url = 'http://a.test' + path
       const request = new Request(url, { method, headers: { authorization: sign(method, url, ada) } })
       const entry = example.default.routes[pattern]
       const answer = await (entry[method] ?? entry)(Object.assign(request, { params }))
       return answer.status === 200 ? answer.text() : answer.status
     }
     console.log(
       await ask('GET', '/files/a', '/files/:id', { id: 'a' }),
       await ask('GET', '/files/a', '/admin/*'),
       await ask('GET', '/orders', '/orders'),
       await ask('POST', '/orders', '/orders'))`,
    'a 401 hello ada 403',
  ],
  [
    '(c) => list(',
    `const ada = await createCredential('ada', { scopes: ['orders:read'] })
     const ask = async (method, path) => {
       const headers = { authorization: sign(method, 'http://a.test' + path, ada) }
       return (await example.default.fetch(new Request('http://a.test' + path, { method, headers }))).status
     }
     console.log(await ask('GET', '/orders'), await ask('DELETE', '/%61dmin/orders'))`,
    '200 403',
  ],
  [
    "method === 'GET' ? 'orders:read'",
    `const ask = async (method) => {
       const headers = { authorization: sign(method, 'http://a.test/orders', example.reader) }
       return (await example.fetch(new Request('http://a.test/orders', { method, headers }))).status
     }
     console.log(await ask('GET'), await ask('DELETE'))`,
    '200 403',
  ],
  [
    'LIMITS_URL',
    `const ask = async () => {
       const headers = { authorization: sign('GET', 'http://a.test/', example.trial) }
       const answer = await example.fetch(new Request('http://a.test/', { headers }))
       return [answer.status, answer.headers.get('ratelimit').replace(/t=3(600|59.)/, 't=an hour')]
     }
     console.log((await Promise.all([1, 2, 3].map(ask))).sort().join(' '))`,
    '200,"requests";r=0;t=an hour 200,"requests";r=1;t=an hour 429,"requests";r=0;t=an hour',
  ],
  [
    'lastForwarded',
    `const url = 'https://api.example.com/me'
     const headers = { 'x-forwarded-for': '192.0.2.1' }
     const authorization = sign('GET', url, await createCredential('ada'))
     const ask = (fields) => example.fetch(new Request('http://10.0.0.1/me', { headers: fields }))
     const answers = [await ask({ ...headers, authorization }), await ask(headers)]
     console.log(...answers.map(statusOf))`,
    '200 401',
  ],
  [
    '// server: API keys and signatures',
    `const { createMacFetch } = await import('withmac/client')
     const server = await listen(example.fetch)
     const url = \`http://127.0.0.1:\${server.port}/orders\`
     const ask = (apiKey) => fetch(url, { headers: { 'x-api-key': apiKey } })
     const statuses = [await ask('key-of-ada'), await ask('guess'), await fetch(url)].map(statusOf)
     const exchange = { method: 'POST', headers: { 'x-api-key': 'key-of-ada' } }
     const credential = await (await fetch(url.replace('orders', 'credential'), exchange)).json()
     const text = await (await createMacFetch(credential)(url)).text()
     statuses.push((await ask('key-of-ada')).status)
     await server.close()
     console.log(...statuses, text)`,
    '200 401 401 401 orders of ada',
  ],
  [
    '// client: once, it exchanges',
    `const { getMac } = await import('withmac')
     const signed = withMac((request) => new Response(getMac(request).user))
     const server = await listen(async (request) =>
       request.headers.get('x-api-key') === 'old' && request.url.endsWith('/credential')
         ? Response.json(await createCredential('ada')) : signed(request))
     const api = \`http://127.0.0.1:\${server.port}\`
     const refused = await example.exchange(api, 'guess').catch(({ message }) => message)
     const answer = await example.ordersOf(api, await example.exchange(api, 'old'))
     await server.close()
     console.log(refused, '/', await answer.text())`,
    'the exchange failed: 401 / ada',
  ],
  [
    '// server: Hawk and MAC',
    `const { default: Hawk } = await import('hawk')
     const { createMacFetch } = await import('withmac/client')
     await example.copyCredentials()
     await example.copyCredentials()
     const server = await listen(example.fetch)
     const url = \`http://127.0.0.1:\${server.port}/a?b=c\`
     const [[id, { key, algorithm }]] = example.old
     const hawk = (own) => Hawk.client.header(url, 'GET', { credentials: { id, key: own, algorithm } }).header
     const ask = async (authorization) => (await fetch(url, { headers: { authorization } })).status
     const [good, bad] = [hawk(key), hawk('another key')]
     const crossed = good.replace(/^Hawk/, 'MAC').replace(/, hash="[^"]*"/, '')
     const statuses = [await ask(good), await ask(good), await ask(bad), await ask(crossed)]
     statuses.push((await createMacFetch({ id, key })(url)).status)
     await server.close()
     console.log(...statuses)`,
    '200 401 401 401 200',
  ],
  [
    '// client: before, Hawk.client.header',
    'await serve(async (url) => console.log((await example.get(url, KEY.id, KEY.key)).status))',
    '200',
  ],
  [
    'problemTypes: ',
    'console.log((await (await example.fetch(new Request("http://x/"))).json()).type)',
    'https://docs.example.com/errors/missing',
  ],
  ['createTestMac', 'await example.testOrders(); console.log("passed")', 'passed'],
  ['sealingKey', 'void example', 'sealed 0 by 45cfddd8c0d80d06'],
  [
    'windowSeconds: 60',
    'console.log((await example.fetch(new Request("http://x/"))).status)',
    '401',
  ],
]

const KEY = { id: 'reader', key: 'only-for-the-tests-of-this' }

const DRIVER = `
import { createCredential, withMac } from 'withmac'
import { listen } from '${join(ROOT, 'test/support/listen.ts')}'
import { sign } from './sign.ts'
import * as example from './example.ts'
const KEY = ${JSON.stringify(KEY)}
const statusOf = ({ status }) => status
async function serve(use) {
  await createCredential('ada', { ...KEY, ifExists: 'keep' })
  const server = await listen(withMac(() => new Response()))
  await use(\`http://127.0.0.1:\${server.port}\`)
  await server.close()
}
async function show(handle) {
  const url = 'http://example.com/me?a=1'
  const headers = { authorization: sign('GET', url, await createCredential('ada')) }
  const requests = [new Request(url, { headers }), new Request(url, { headers }), new Request(url)]
  const answers = []
  for (const request of requests) answers.push((await handle(request)).status)
  console.log(...answers)
}
`

const folder = temporaryFolder()
process.on('exit', () => folder[Symbol.dispose]())

beforeAll(() => {
  mkdirSync(folder.path('node_modules'))
  symlinkSync(ROOT, folder.path('node_modules/withmac'))
  for (const name of ['hono', 'hawk']) {
    symlinkSync(join(ROOT, 'node_modules', name), folder.path(`node_modules/${name}`))
  }
  writeFileSync(folder.path('sealing-key'), `${'A'.repeat(42)}E=\n`)
  writeFileSync(folder.path('package.json'), '{ "type": "module" }')
  writeFileSync(folder.path('sign.ts'), block('export function sign').code)
})

test.each(USES)(
  'the example with %s runs and prints what the test expects',
  async (contains, uses, prints) => {
    writeFileSync(folder.path('example.ts'), block(contains).code)
    writeFileSync(folder.path('driver.ts'), `${DRIVER}\n${uses}`)
    const { out, err, status } = await runToEnd(folder.path('driver.ts'), {
      cwd: folder.path(''),
      env: {
        ...process.env,
        MAC_DATABASE_URL: 'sqlite:mac.db',
        MAC_ID: KEY.id,
        MAC_KEY: KEY.key,
        SHOP_SECRET: 'only-for-tests',
      },
    })
    expect(err).not.toContain('rror:')
    expect(status).toBe(0)
    expect(out.split('\n').at(-1)).toBe(prints)
  },
)

test.each([
  ['GET', 'http://example.com/x?'],
  ['patch', 'http://example.com:8080/x?a=b#fragment'],
  ['GET', 'https://[::1]:8443//double'],
])('the JavaScript signing example signs what the client sends: %s %s', async (method, url) => {
  const { sign } = await import(folder.path('sign.ts'))
  const mac = createMac({ database: 'sqlite::memory:' })
  const authorization = sign(method, url, await mac.createCredential('ada'))
  const sent = url.replace(/#.*/, '')
  const request = new Request(sent, { method, headers: { authorization } })
  expect((await mac.verify(request)).ok).toBe(true)
})

test('each example is run by exactly one test', () => {
  const known = [...RUN_OTHERWISE, 'export function sign', ...USES.map(([contains]) => contains)]
  const examples = BLOCKS.filter(
    (block) => /^[jt]s$/.test(block.language) && !isFrameworkFile(block),
  )
  const others = examples.filter(
    ({ code }) => known.filter((contains) => code.includes(contains)).length !== 1,
  )
  expect(others.map(({ page, line }) => `${page}:${line}`)).toEqual([])
  expect(examples).toHaveLength(known.length)
})

/** Returns the quotation on the page that begins with `start`, as one line. */
function quoted(start: string): string {
  const { text } = page('docs/diagnostics.md')
  const [found = ''] = text.slice(text.indexOf(start)).split('\n\n')
  return found.replace(/^> /gm, '').replaceAll('\n', ' ')
}
