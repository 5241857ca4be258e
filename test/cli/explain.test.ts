import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { temporaryFolder } from '../support/folder.ts'
import { endOf } from '../support/process.ts'
import { expect, test } from '../support/runner.ts'
import { environment, WITHMAC, withmac } from './run.ts'
import { ADA, AS_ADA } from './served.ts'

/** A key that could be mistaken for base64. */
const KEY = 'c2VjcmV0LWtleS1vZi10d2VudHktZm91cg=='
const TS = '1790000000'
const NONCE = 'dj83hs9s'

/** How what a client signed differs from what it should sign. */
interface Signed {
  readonly ts?: string
  readonly method?: string
  readonly target?: string
  readonly host?: string
  readonly port?: string
  readonly hash?: 'sha1' | 'sha256'
  readonly key?: string | Buffer
  readonly end?: string
}

function authorization(signed: Signed): string {
  const { ts = TS, method = 'GET', target = '/a%20b?x=1', host = 'api.example.com' } = signed
  const { port = '80', hash = 'sha256', key = KEY, end = '\n' } = signed
  const text = [ts, NONCE, method, target, host, port, ''].map((line) => line + end).join('')
  const mac = createHmac(hash, key).update(text).digest('base64')
  return `MAC id="ada", ts="${ts}", nonce="${NONCE}", mac="${mac}"`
}

test.each<[string, Signed, Record<string, string>, RegExp]>([
  ['port 443', { port: '443' }, {}, /signed port 443.*origin: 'https:\/\/api\.example\.com'/],
  ['the port of the Host header', { port: '80' }, { host: 'api.example.com:8080' }, /port 80\b/],
  [
    'the forwarded host',
    { host: 'www.example.com' },
    { 'x-forwarded-host': 'www.example.com' },
    /host www\.example\.com/,
  ],
  ['the forwarded scheme', { port: '443' }, { 'x-forwarded-proto': 'https' }, /port 443/],
  ['a missing query', { target: '/a%20b' }, {}, /signed no query/],
  ['a decoded path', { target: '/a b?x=1' }, {}, /decoded/],
  ['sha-1 instead of sha-256', { hash: 'sha1' }, {}, /sha-1/],
  ['a key that was decoded', { key: Buffer.from(KEY, 'base64') }, {}, /base64/],
  ['milliseconds', { ts: `${TS}123` }, {}, /millisecond/],
  ['other line ends', { end: '\r\n' }, {}, /CR LF/],
  ['a method in lower case', { method: 'get' }, {}, /method as get\. .* upper case, GET/],
])('explain finds the mistake: %s', async (_, signed, fields, sentence) => {
  using folder = temporaryFolder()
  const env = { MAC_ID: 'ada', MAC_KEY: KEY }
  const report = {
    method: 'GET',
    url: `http://${fields.host ?? 'api.example.com'}/a%20b?x=1`,
    headers: { host: 'api.example.com', ...fields, authorization: authorization(signed) },
    receivedAt: Number(TS) + 2,
  }
  const { out, err, status } = await withmac(['explain'], {
    cwd: folder.path(''),
    env,
    input: JSON.stringify(report),
  })
  const [first = ''] = out.split('\n')
  expect(first).toMatch(sentence)
  expect(out).not.toContain(KEY)
  expect({ err, status }).toEqual({ err: '', status: 1 })
})

test.each([
  ['normalised', '/a/x/../b', '/a/b', 'the path as new URL() has it'],
  ['normalised and decoded', '/a/x/../b%20c', '/a/b c', 'the path normalized and percent-decoded'],
])(
  'explain finds out that the client signed a path that was %s',
  async (_, target, signed, words) => {
    using folder = temporaryFolder()
    const report = {
      method: 'GET',
      url: new URL(target, 'http://api.example.com').href,
      target,
      headers: { host: 'api.example.com', authorization: authorization({ target: signed }) },
      receivedAt: Number(TS),
    }
    const { out } = await withmac(['explain'], {
      cwd: folder.path(''),
      env: { MAC_ID: 'ada', MAC_KEY: KEY },
      input: JSON.stringify(report),
    })
    expect(out.split('\n')[0]).toContain(`The client signed ${words}`)
  },
)

test('explain reads the request from a file, and the credential from the database', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['create', 'bob', '--id', 'bob', '--expires', 'never'], { cwd })
  const sign = await withmac(['sign', 'GET', 'https://api.example.com/a', '--id', 'bob'], { cwd })
  writeFileSync(
    folder.path('head.txt'),
    `GET /a HTTP/1.1\r\nHost: api.example.com\r\n${sign.out}\r\n`,
  )
  const { out, status } = await withmac(['explain', 'head.txt'], { cwd })
  expect(out.split('\n')[0]).toContain('signed port 443, not 80')
  expect(status).toBe(1)
  const told = ['explain', 'head.txt', '--origin', 'https://api.example.com']
  expect((await withmac(told, { cwd })).status).toBe(0)
  const json = await withmac([...told, '--json'], { cwd })
  expect(JSON.parse(json.out)).toMatchObject({ ok: true, code: null, mistakes: [] })
  const late = await withmac([...told, '--now', '2099-01-01T00:00:00Z', '--window', '60'], { cwd })
  expect(late.out.split('\n')[0]).toContain('ERR_MAC_TIMESTAMP_STALE')
})

test('explain ignores MAC_ID if it is not the identifier in the request, and the database has that one', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await withmac(['create', 'bob', '--id', 'bob'], { cwd })
  const url = 'http://api.example.com/'
  const sign = await withmac(['sign', 'GET', url, '--id', 'bob'], { cwd })
  const input = `GET / HTTP/1.1\nHost: api.example.com\n${sign.out}\n`
  const leftOver = await withmac(['explain'], { cwd, env: AS_ADA, input })
  expect(leftOver.err).toBe(
    'note: the request names the credential bob, so MAC_ID (ada) is ignored\n',
  )
  expect(leftOver.out).toContain('The MAC is right')
  expect(leftOver.out).toContain(`\nChecked with the key of bob from ${folder.path('mac.db')}.\n`)
  const ofBob = { MAC_ID: 'bob', MAC_KEY: 'another' }
  const meant = await withmac(['explain', '--json'], { cwd, env: ofBob, input })
  expect(JSON.parse(meant.out).judgedBy).toEqual({ id: 'bob', from: 'MAC_ID and MAC_KEY' })
})

test('explain says if the credential is not the one in the request', async () => {
  using folder = temporaryFolder()
  const head = `GET / HTTP/1.1\nHost: a\nAuthorization: ${authorization({})}\n`
  const env = { ...AS_ADA, MAC_ID: 'eve' }
  const { err } = await withmac(['explain'], { cwd: folder.path(''), env, input: head })
  expect(err).toBe(`note: the request names the credential ${ADA.id}, but MAC_ID is eve\n`)
})

test('explain rejects a text that is not a request', async () => {
  using folder = temporaryFolder()
  const { out, err, status } = await withmac(['explain'], {
    cwd: folder.path(''),
    env: AS_ADA,
    input: 'what?',
  })
  expect(err).toContain('This is not a request in a form that is read')
  expect({ out, status }).toEqual({ out: '', status: 2 })
})

test('explain waits for a pipe that is still empty', async () => {
  using folder = temporaryFolder()
  const [command, ...first] = WITHMAC
  const options = { cwd: folder.path('.'), env: environment(AS_ADA) }
  const child = spawn(command, [...first, 'explain'], options)
  const out = text(child.stdout)
  await sleep(1500)
  const head = `GET / HTTP/1.1\nHost: api.example.com\nAuthorization: ${authorization({})}\n\n`
  child.stdin.write(head.slice(0, 20))
  await sleep(200)
  child.stdin.end(head.slice(20))
  expect(await out).toContain('key')
  expect(await endOf(child)).toBe(1)
}, 180_000)
