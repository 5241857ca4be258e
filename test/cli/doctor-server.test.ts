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

test('doctor finds no fault in a server that is as it should be', async () => {
  await using server = await serveMac()
  const { out, err, status } = await doctor(server, [])
  expect(out.replaceAll(String(server.port), '<port>').replace(/to \d+ s/, 'to <n> s')).toBe(
    `ok    transport  http://127.0.0.1:<port>, on this machine
ok    unsigned   refused, 401 with WWW-Authenticate: MAC
ok    origin     it believes in http://127.0.0.1:<port>, as it is called
ok    clock      it agrees with yours to <n> s, as it tells those who have the key
ok    replay     refused 8 times of 8, over as many connections

No fault was found.
`,
  )
  expect({ err, status }).toEqual({ err: '', status: 0 })
})

test('doctor says so where two replicas share no nonces', async () => {
  await using one = await serveMac()
  await using other = await serveMac()
  await using both = await roundRobin([one, other])
  const { faults, out, status } = await faultsOf(both)
  expect(Object.keys(faults)).toEqual(['replay'])
  expect(faults.replay?.text).toMatch(
    /^a copy of an accepted request was let in, [1-8] times of 8: the replicas .* do not share their nonces$/,
  )
  expect(faults.replay?.advice).toContain('one and the same database file')
  expect(status).toBe(1)
  expect(out).toContain('BAD   replay')
})

test.each([[4], [12], [16]])(
  'answers of a limiter after %d requests are not taken for letting in',
  async (most) => {
    await using server = await serveMac()
    await using before = await limited(server, most)
    const { faults, status } = await faultsOf(before)
    expect(status).toBe(1)
    const texts = Object.values(faults).map((fault) => fault?.text)
    expect(texts.join()).toContain('429')
    expect(texts.join()).not.toContain('let in')
  },
)

test('two replicas on one database are as they should be', async () => {
  using folder = temporaryFolder()
  const database = `sqlite:${folder.path('mac.db')}`
  await using one = await serveMac({ database })
  await using other = await serveMac({ database })
  await using both = await roundRobin([one, other])
  const { out, status } = await doctor(both, [])
  expect(out).toContain('ok    replay     refused 8 times of 8')
  expect(status).toBe(0)
})

test('doctor says so where one replica has another key', async () => {
  await using one = await serveMac()
  await using other = await serveMac({}, 'another-key-that-holds-128-bits')
  await using both = await roundRobin([one, other])
  const { faults } = await faultsOf(both)
  expect(faults.origin?.text).toBe(
    'of 4 signed requests, 2 were refused as unknown or wrong: the replicas behind this address do not share their credentials',
  )
})

test('doctor says so where the server does not have the credential', async () => {
  await using server = await serveMac()
  const eve = { MAC_ID: 'eve', MAC_KEY: AS_ADA.MAC_KEY ?? '' }
  const { faults, status } = await faultsOf(server, [], eve)
  expect(faults.origin?.text).toContain('the server does not have this credential')
  expect(status).toBe(1)
})

test('doctor finds the origin that a server believes in, where it is not the one it is called by', async () => {
  await using server = await serveMac({ origin: 'http://localhost:8080' })
  const called = `http://127.0.0.1:${server.port}`
  const { faults, findings } = await faultsOf(server)
  expect(Object.keys(faults)).toEqual(['origin'])
  expect(faults.origin?.text).toBe(
    `it believes in http://localhost:8080, and is called ${called}: what clients sign is refused`,
  )
  expect(faults.origin?.advice).toContain(`withMac(app, { origin: '${called}' })`)
  // With what it believes in, all else can be tried.
  expect(findings.map(({ subject }) => subject)).toContain('replay')
})

test('doctor tries the origins that it is told of', async () => {
  await using server = await serveMac({ origin: 'https://api.example.com' })
  const unknown = await faultsOf(server)
  expect(unknown.faults.origin?.text).toContain('the server believes in yet another origin')
  const told = await faultsOf(server, ['--origin', 'https://api.example.com'])
  expect(told.faults.origin?.text).toContain(
    'it believes in https://api.example.com, and is called',
  )
})

test('doctor says by how much a clock is off, and still tries the rest', async () => {
  await using server = await serveMac({ now: () => Date.now() / 1000 + 3600 })
  const { faults, findings } = await faultsOf(server)
  expect(Object.keys(faults)).toEqual(['clock'])
  expect(faults.clock?.text).toBe(
    'it is 60 minutes ahead of yours, as it tells those who have the key',
  )
  expect(findings.find(({ subject }) => subject === 'replay')?.state).toBe('good')
})

test.each([
  [
    'lets everybody in',
    () => new Response('hello'),
    /^let in, 200: withmac is not in front of this path/,
  ],
  [
    'asks for a password',
    () => new Response('', { status: 401, headers: { 'www-authenticate': 'Basic' } }),
    /^401, but not by withmac: it says Basic$/,
  ],
  ['has nothing there', () => new Response('', { status: 404 }), /^404, not by withmac$/],
  [
    'leads elsewhere',
    () => new Response('', { status: 302, headers: { location: '/login' } }),
    /^302, it leads to \/login$/,
  ],
])('doctor says so where a server %s', async (_, handler, text) => {
  await using server = await serve(handler)
  const { faults, status } = await faultsOf(server)
  expect(Object.keys(faults)).toEqual(['unsigned'])
  expect(faults.unsigned?.text).toMatch(text)
  expect(status).toBe(1)
})

test('doctor ends with 4 where nothing listens', async () => {
  const server = await serve(() => new Response())
  await server[Symbol.asyncDispose]()
  const { out, err, status } = await doctor(server, [])
  expect(err).toBe(
    `withmac: http://127.0.0.1:${server.port} cannot be reached: nothing listens there. Does the server run, and is it this port?\n`,
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
