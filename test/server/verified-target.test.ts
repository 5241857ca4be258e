import { Hono } from 'hono'
import { createMac, getMac, type VerifiedTarget } from '../../src/index.ts'
import { Incoming } from '../../src/server/incoming.ts'
import { verifiedTarget } from '../../src/server/verified-target.ts'
import { refusal } from '../protocol/refusal.ts'
import { temporaryFolder } from '../support/folder.ts'
import { listen } from '../support/listen.ts'
import { nonceRows } from '../support/nonce-rows.ts'
import { outcome } from '../support/outcome.ts'
import { rawRequest, sendRaw } from '../support/raw.ts'
import { describe, expect, test } from '../support/runner.ts'
import { authorization } from '../support/sign.ts'

const ORIGIN = 'http://example.com'
const mac = createMac({ database: 'sqlite::memory:', onReject() {} })
const ada = await mac.createCredential('ada', { scopes: ['user'] })

/** @returns A request that is signed for this target. */
function signedFor(target: string, method = 'GET') {
  const url = `${ORIGIN}/shown`
  const headers = { authorization: authorization(ada, url, { target, method }) }
  return new Request(url, { method, headers })
}

const AMBIGUOUS: readonly (readonly [what: string, target: string])[] = [
  ['a dot segment', '/admin/../files/a'],
  ['a dot segment at the end', '/files/..'],
  ['a single dot', '/./admin/x'],
  ['an encoded dot segment', '/admin/%2e%2e/files/a'],
  ['a half-encoded dot segment', '/admin/.%2E/files/a'],
  ['an encoded dot within a name', '/files/a%2Ejson'],
  ['a backslash', '/files\\..\\admin'],
  ['an encoded backslash', '/files%5C..%5cadmin'],
  ['an encoded small letter', '/%61dmin/x'],
  ['an encoded capital letter', '/%41dmin/x'],
  ['an encoded last letter', '/%7a%5A'],
  ['an encoded digit', '/files/%30'],
  ['an encoded hyphen', '/files/a%2Db'],
  ['an encoded underscore', '/files/a%5fb'],
  ['an encoded tilde', '/%7Eada'],
  ['an empty segment', '//admin/x'],
  ['an empty segment in the middle', '/files//a'],
  ['an empty segment at the end', '/files//'],
  ['a malformed escape', '/files/%zz'],
  ['an escape that is cut off', '/files/100%'],
  ['an escape of a lone byte', '/files/%FF'],
  ['an escape of a surrogate', '/files/%ED%A0%80'],
  ['an overlong escape', '/files/%C0%AF'],
  ['a NUL', '/files/a%00.json'],
  ['a line feed', '/files/a%0Ab'],
  ['a delete character', '/files/%7F'],
  ['a C1 control', '/files/%C2%85'],
  ['a line separator', '/files/%E2%80%A8'],
]

describe.each([
  [
    'scope',
    (seen: VerifiedTarget[]) => ({
      scope: (_: Request, target: VerifiedTarget) => (seen.push(target) > 0 ? null : 'none'),
    }),
  ],
  [
    'ext',
    (seen: VerifiedTarget[]) => ({
      ext: (_: unknown, __: Request, target: VerifiedTarget) => seen.push(target) > 0,
    }),
  ],
])('a function in the option %s', (_, options) => {
  const seen: VerifiedTarget[] = []
  let raw = ''
  const app = mac.withMac(() => new Response(), { ...options(seen), requestTarget: () => raw })
  const arrive = (target: string, method?: string) => {
    raw = target
    return outcome(app(signedFor(target, method)))
  }

  test.each([
    ['/', '/'],
    ['/?a=/../b', '/'],
    ['/files/a', '/files/a'],
    ['/files/a/', '/files/a/'],
    ['/files/a%20b', '/files/a b'],
    ['/files/a%2Fb', '/files/a%2Fb'],
    ['/files/a%2fb', '/files/a%2Fb'],
    ['/files/a%252fb', '/files/a%252fb'],
    ['/files/100%25', '/files/100%25'],
    ['/caf%C3%A9/%F0%9F%98%80', '/café/😀'],
    ["/~ada/a.b..c/...;x,y=!$&'()*+:@", "/~ada/a.b..c/...;x,y=!$&'()*+:@"],
    ['/a%40b.example%3A1', '/a@b.example:1'],
    ['/files/%27%22%5E', '/files/\'"^'],
  ])('is called for the path %s with %s', async (target, path) => {
    seen.length = 0
    expect(await arrive(target, 'DELETE')).toBe('200')
    expect(seen).toEqual([{ method: 'DELETE', path }])
  })

  test.each(AMBIGUOUS)('is not called for a path with %s: %s', async (_, target) => {
    seen.length = 0
    expect(await arrive(target)).toBe('401 ERR_MAC_TARGET')
    expect(seen).toEqual([])
  })

  test('is called if only the query contains such characters', async () => {
    expect(await arrive('/a?%61=%zz&b=/../%2e\\//%00')).toBe('200')
  })
})

test.each(AMBIGUOUS)('with a fixed scope, a path with %s is accepted: %s', async (_, target) => {
  const app = mac.withMac(() => new Response(), { scope: 'user', requestTarget: () => target })
  expect(await outcome(app(signedFor(target)))).toBe('200')
})

test('a function is not called for a method that is not in upper case', () => {
  const request = { method: 'pOsT', url: `${ORIGIN}/` } as Request
  const incoming = new Incoming(request, {
    requestTarget: null,
    sent: null,
    path: null,
    route: null,
    clientAddress: null,
  })
  expect(refusal(() => verifiedTarget(incoming)).code).toBe('ERR_MAC_METHOD')
})

test('a request with an ambiguous path does not use up its nonce', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const onFile = createMac({ database: `sqlite:${path}`, onReject() {} })
  const { id, key } = await onFile.createCredential('eve')
  const url = `${ORIGIN}/%61dmin`
  const headers = { authorization: authorization({ id, key }, url) }
  const app = onFile.withMac(() => new Response(), { scope: () => null })
  expect(await outcome(app(new Request(url, { headers })))).toBe('401 ERR_MAC_TARGET')
  expect(await nonceRows(path)).toBe(0)
  await onFile.close()
})

test('mac.verify calls the ext function of createMac, and rejects an ambiguous path', async () => {
  const strict = createMac({ database: 'sqlite::memory:', ext: () => true })
  const eve = await strict.createCredential('eve')
  const ask = async (path: string) => {
    const url = ORIGIN + path
    const headers = { authorization: authorization(eve, url) }
    const verdict = await strict.verify(new Request(url, { headers }))
    return verdict.ok ? 'ok' : verdict.error.code
  }
  expect(await ask('/admin')).toBe('ok')
  expect(await ask('/%61dmin')).toBe('ERR_MAC_TARGET')
})

test('requestTarget is called once for a request', async () => {
  let asked = 0
  const requestTarget = () => `/${'a'.repeat(++asked)}`
  const app = mac.withMac(() => new Response(), { requestTarget, scope: () => null })
  expect(await outcome(app(signedFor('/a')))).toBe('200')
  expect(asked).toBe(1)
})

test('requestTarget is called once for a request also if it returns undefined', async () => {
  const seen: string[] = []
  let asked = 0
  const app = mac.withMac(() => new Response(), {
    requestTarget: () => (++asked === 1 ? undefined : '/admin'),
    scope: (_, { path }) => {
      seen.push(path)
      return null
    },
  })
  expect(await outcome(app(signedFor('/shown')))).toBe('200')
  expect({ asked, seen }).toEqual({ asked: 1, seen: ['/shown'] })
})

describe('on this runtime, a credential without the scope of a section', () => {
  const app = new Hono()
  app.all('/admin/*', (context) => context.text(`admin ${getMac(context.req.raw)?.user}`))
  app.all('*', (context) => context.text('user'))

  /** The ways to write a path of the section that a server may show or a router may decode. */
  const TARGETS = [
    '/admin/x',
    '/%61dmin/x',
    '/admi%6E/x',
    '/admin%2fx',
    '/files/../admin/x',
    '/files/%2e%2e/admin/x',
    '/files/..%2fadmin/x',
    '/files\\..\\admin\\x',
    '/./admin/x',
    '//admin/x',
    '/admin//x',
    '/admin/../files/a',
    '/admin/%2e%2e/files/a',
    '/admin/%0Ax',
  ]

  test('reaches no handler in it, however the path is written, if a scope function checks the path', async () => {
    const scope = (_: Request, { path }: VerifiedTarget) =>
      /^\/admin(?:\/.*)?$/.test(path) ? 'admin' : 'user'
    const server = await listen(mac.withMac(app, { scope }))
    const url = `http://127.0.0.1:${server.port}`
    const answers = new Map<string, string[]>()
    for (const target of TARGETS) {
      for (const signed of new Set([target, new URL(url + target).pathname])) {
        const header = authorization(ada, url, { target: signed })
        const fields = [`Host: 127.0.0.1:${server.port}`, `Authorization: ${header}`]
        const { status, body } = await sendRaw(server.port, rawRequest(`GET ${target}`, fields))
        answers.set(target, [
          ...(answers.get(target) ?? []),
          `${status} ${status === 200 ? body : ''}`,
        ])
      }
    }
    await server.close()
    expect([...answers.values()].flat().filter((answer) => answer.includes('admin'))).toEqual([])
    expect(answers.get('/admin/x')).toEqual(['403 '])
    expect(answers.get('/%61dmin/x')).toEqual(['401 '])
    expect(answers.get('/admin%2fx')).toEqual(['200 user'])
  })
})
