import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { withmac } from './run.ts'
import { AS_ADA, limited, roundRobin, type Served, serve, serveMac } from './served.ts'

interface Finding {
  readonly state: 'good' | 'bad' | 'note'
  readonly subject: string
  readonly text: string
  readonly advice?: string
}

test('doctor finds no problem in a healthy server', async () => {
  await using server = await serveMac()
  const { out, err, status } = await doctor(server, [])
  expect(out.replaceAll(String(server.port), '<port>').replace(/in \d+ s/, 'in <n> s')).toBe(
    `ok    transport  http://127.0.0.1:<port>, on this machine
ok    unsigned   rejected: 401 with WWW-Authenticate: MAC
ok    origin     the server uses http://127.0.0.1:<port>, as in the URL
ok    clock      it is within <n> s of yours, according to its signed time
ok    replay     8 of 8 copies rejected, each on its own connection

No problems found.
`,
  )
  expect({ err, status }).toEqual({ err: '', status: 0 })
})

test('doctor reports if two replicas do not share their nonces', async () => {
  await using one = await serveMac()
  await using other = await serveMac()
  await using both = await roundRobin([one, other])
  const { faults, out, status } = await faultsOf(both)
  expect(Object.keys(faults)).toEqual(['replay'])
  expect(faults.replay?.text).toMatch(
    /^[1-8] of 8 copies of an accepted request were accepted again: the replicas .* do not share their nonces$/,
  )
  expect(faults.replay?.advice).toContain('the same database file')
  expect(status).toBe(1)
  expect(out).toContain('BAD   replay')
})

test('doctor recognizes withmac if the operator set another start of the types', async () => {
  await using server = await serveMac({ problemTypes: 'https://docs.example.com/errors/' })
  const { out, status } = await doctor(server, [])
  expect(out).toContain('ok    replay     8 of 8 copies rejected')
  expect(status).toBe(0)
})

test.each([[4], [12], [16]])(
  'doctor does not take the 429 of a limiter after %d requests for an accepted request',
  async (most) => {
    await using server = await serveMac()
    await using before = await limited(server, most)
    const { faults, status } = await faultsOf(before)
    expect(status).toBe(1)
    const texts = Object.values(faults).map((fault) => fault?.text)
    expect(texts.join()).toContain('429')
    expect(texts.join()).not.toContain('accepted')
  },
)

test('doctor finds no problem in two replicas on one database', async () => {
  using folder = temporaryFolder()
  const database = `sqlite:${folder.path('mac.db')}`
  await using one = await serveMac({ database })
  await using other = await serveMac({ database })
  await using both = await roundRobin([one, other])
  const { out, status } = await doctor(both, [])
  expect(out).toContain('ok    replay     8 of 8 copies rejected')
  expect(status).toBe(0)
})

test('doctor reports if one replica has another key', async () => {
  await using one = await serveMac()
  await using other = await serveMac({}, 'another-key-that-holds-128-bits')
  await using both = await roundRobin([one, other])
  const { faults } = await faultsOf(both)
  expect(faults.origin?.text).toBe(
    '2 of 4 signed requests were rejected as unknown or wrong: the replicas behind this address do not share their credentials',
  )
})

test('doctor reports if the server does not have the credential', async () => {
  await using server = await serveMac()
  const eve = { MAC_ID: 'eve', MAC_KEY: AS_ADA.MAC_KEY ?? '' }
  const { faults, status } = await faultsOf(server, [], eve)
  expect(faults.origin?.text).toContain('the server does not have this credential')
  expect(status).toBe(1)
})

test('doctor finds the origin that a server uses if it is not the one in the URL', async () => {
  await using server = await serveMac({ origin: 'http://localhost:8080' })
  const called = `http://127.0.0.1:${server.port}`
  const { faults, findings } = await faultsOf(server)
  expect(Object.keys(faults)).toEqual(['origin'])
  expect(faults.origin?.text).toBe(
    `the server uses http://localhost:8080, but clients sign ${called}: their requests are rejected`,
  )
  expect(faults.origin?.advice).toContain(`withMac(app, { origin: '${called}' })`)
  // With the origin that the server uses, doctor makes all other checks.
  expect(findings.map(({ subject }) => subject)).toContain('replay')
})

test('doctor tries the origins that --origin names', async () => {
  await using server = await serveMac({ origin: 'https://api.example.com' })
  const unknown = await faultsOf(server)
  expect(unknown.faults.origin?.text).toContain('the server uses yet another origin')
  const told = await faultsOf(server, ['--origin', 'https://api.example.com'])
  expect(told.faults.origin?.text).toContain(
    'the server uses https://api.example.com, but clients sign',
  )
})

test('doctor says how far the clock of a server is off, and still makes all other checks', async () => {
  await using server = await serveMac({ now: () => Date.now() / 1000 + 3600 })
  const { faults, findings } = await faultsOf(server)
  expect(Object.keys(faults)).toEqual(['clock'])
  expect(faults.clock?.text).toBe('it is 60 minutes ahead of yours, according to its signed time')
  expect(findings.find(({ subject }) => subject === 'replay')?.state).toBe('good')
})

test.each([
  [
    'accepts unsigned requests',
    () => new Response('hello'),
    /^accepted with 200: withmac does not protect this path/,
    'wrap the handler of this path in withMac(handler)',
  ],
  [
    'asks for a password',
    () => new Response('', { status: 401, headers: { 'www-authenticate': 'Basic' } }),
    /^401, but not from withmac: it says Basic$/,
    'something in front of withmac asks for other credentials',
  ],
  [
    'has nothing at this path',
    () => new Response('', { status: 404 }),
    /^404, but not from withmac$/,
    'use the URL of a path that withMac() protects',
  ],
  [
    'answers 400 itself',
    () => new Response('', { status: 400 }),
    /^400, but not from withmac$/,
    'let the proxy pass on the Host of the client',
  ],
  [
    'redirects',
    () => new Response('', { status: 302, headers: { location: '/login' } }),
    /^302: a redirect to \/login$/,
    'use the URL that it redirects to',
  ],
])('doctor reports if a server %s', async (_, handler, text, advice) => {
  await using server = await serve(handler)
  const { faults, status } = await faultsOf(server)
  expect(Object.keys(faults)).toEqual(['unsigned'])
  expect(faults.unsigned?.text).toMatch(text)
  expect(faults.unsigned?.advice).toContain(advice)
  expect(status).toBe(1)
})

test('doctor ends with 4 if nothing listens', async () => {
  const server = await serve(() => new Response())
  await server[Symbol.asyncDispose]()
  const { out, err, status } = await doctor(server, [])
  expect(err).toBe(
    `withmac: http://127.0.0.1:${server.port} cannot be reached: nothing listens there. Is the server running, and is the port right?\n`,
  )
  expect({ out, status }).toEqual({ out: '', status: 4 })
})

async function doctor({ url }: Served, args: readonly string[], env = AS_ADA) {
  using folder = temporaryFolder()
  return await withmac(['doctor', url, ...args], { cwd: folder.path(''), env })
}

async function faultsOf(server: Served, args: readonly string[] = [], env = AS_ADA) {
  const { out: text } =
    args.length === 0 && env === AS_ADA ? await doctor(server, args) : { out: '' }
  const { out, status } = await doctor(server, [...args, '--json'], env)
  const { findings } = JSON.parse(out) as { findings: readonly Finding[] }
  const bad = findings.filter(({ state }) => state === 'bad')
  const faults = Object.fromEntries(bad.map((finding) => [finding.subject, finding]))
  return { findings, faults: faults as Record<string, Finding | undefined>, status, out: text }
}
