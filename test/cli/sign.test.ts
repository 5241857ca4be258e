import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { quote } from '../../src/cli/help.ts'
import { temporaryFolder } from '../support/folder.ts'
import { BASH, CURL, testWith } from '../support/needs.ts'
import { endOf } from '../support/process.ts'
import { expect, test } from '../support/runner.ts'
import { environment, masked, withmac, withmacJson } from './run.ts'
import { AS_ADA, serve, serveMac } from './served.ts'

const ifCurl = await testWith(CURL)
const ifBash = await testWith(BASH)

ifCurl(
  'the curl line of create works once; the second time the response says that it is a replay',
  async () => {
    using folder = temporaryFolder()
    const cwd = folder.path('')
    await withmac(['init'], { cwd })
    await using server = await serveMac({ database: `sqlite:${folder.path('mac.db')}` })
    const url = `${server.url}hello?from=create`
    const { out } = await withmac(['create', 'grace', '--url', url], { cwd })
    const line = /^ {2}(curl .*)$/m.exec(out)?.[1] ?? ''
    const first = await shell(line, cwd)
    expect(first).toContain('200 OK')
    expect(first).toContain('hello grace GET')
    const second = await shell(line, cwd)
    expect(second).toContain('401 Unauthorized')
    expect(second).toMatch(/www-authenticate: MAC error="The nonce was used before\."/i)
    expect(second).toContain('"code":"ERR_MAC_REPLAY"')
  },
)

test('sign prints a header that a server accepts', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await using server = await serveMac()
  const { out, err, status } = await withmac(['sign', 'get', server.url], { cwd, env: AS_ADA })
  expect(masked(out, cwd)).toBe(
    'Authorization: MAC id="ada", ts="<ts>", nonce="<nonce>", mac="<mac>"\n',
  )
  expect({ err, status }).toEqual({ err: '', status: 0 })
  const answer = await fetch(server.url, { headers: { authorization: out.slice(15).trim() } })
  expect(await answer.text()).toBe('hello ada GET  null\n')
})

ifCurl.each([
  ['GET', '', []],
  ['GET', '?', []],
  ['GET', "a'b(c)?q='x'&r=[1]&s={2}&t=a^b&u=%27#fragment", []],
  ['GET', 'x/../^caret?back\\slash=$HOME`id`!!', []],
  ['GET', 'ä b?ü', []],
  ['DELETE', 'x', ['--ext', "it's $HOME `x` !!"]],
  ['POST', 'x', ['-d', 'it\'s "quoted" \\ $HOME `id` é\nsecond line', '--body']],
  ['PUT', 'x', ['-d', '@body.bin', '--body', '--ext', 'app']],
  ['POST', 'x', ['--body']],
])('a server accepts the curl line for %s %s %j', async (method, path, args) => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  writeFileSync(folder.path('body.bin'), 'line\r\nand\nline')
  await using server = await serveMac({ body: args.includes('--body') ? 'required' : 'ignore' })
  const signing = ['sign', method, server.url + path, '--curl', ...args]
  const { out, err } = await withmac(signing, { cwd, env: AS_ADA })
  expect(err).toBe('')
  const answer = await shell(out, cwd)
  expect(answer).toContain('200 OK')
  expect(answer).toContain(`hello ada ${method}`)
})

test('a quoted text is one word in sh', () => demandOneWord('sh'))
ifBash('a quoted text is one word in bash', () => demandOneWord('bash'))

async function demandOneWord(name: string): Promise<void> {
  const words = [
    "it's",
    'a\\b',
    'a\\\\b',
    "\\'",
    '$HOME `id` $(id)',
    '!!',
    'two\nlines',
    '"',
    '*',
    '',
  ]
  const line = `printf '%s|' ${words.map(quote).join(' ')}`
  expect(await shell(line, '/', name)).toBe(`${words.join('|')}|`)
}

test('sign takes the credential from a file, the database or variables; no command takes a key as an argument', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  const url = 'http://localhost/'
  await withmac(['create', 'bob', '--id', 'bob', '--save', 'bob.json'], { cwd })
  const file = await withmac(['sign', 'GET', url, '--credentials', 'bob.json'], {
    cwd,
    env: AS_ADA,
  })
  expect(file.out).toContain('id="bob"')
  const database = await withmac(['sign', 'GET', url, '--id', 'bob'], { cwd, env: AS_ADA })
  expect(database.out).toContain('id="bob"')
  const variables = await withmac(['sign', 'GET', url], { cwd, env: AS_ADA })
  expect(variables.out).toContain('id="ada"')
  const none = await withmac(['sign', 'GET', url], { cwd })
  expect(none.err).toBe(
    'withmac: there is no credential to sign with: set MAC_ID and MAC_KEY, or use --credentials with a file that "withmac create --save" wrote, or --id with a credential of the database.\n',
  )
  expect(none.status).toBe(2)
  const half = await withmac(['sign', 'GET', url], { cwd, env: { MAC_ID: 'ada' } })
  expect(half.err).toContain('MAC_ID is set, but MAC_KEY is not')
  for (const command of ['sign', 'fetch', 'explain', 'doctor', 'create']) {
    expect((await withmac([command, '--help'], { cwd })).out).not.toMatch(/--(mac-)?key/)
  }
})

test('fetch sends a signed request, and prints the response as curl does', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('')
  await using server = await serveMac({ body: 'optional' })
  const running = { cwd, env: AS_ADA }
  const plain = await withmac(['fetch', server.url], running)
  expect(plain).toEqual({ out: 'hello ada GET  null\n', err: '', status: 0 })
  const whole = await withmac(['fetch', '-i', server.url], running)
  expect(whole.out).toMatch(
    /^HTTP\/1\.1 200 OK\n(?:.+\n)*content-type: text\/plain(?:.+\n)+\nhello ada/,
  )
  const posted = await withmac(['fetch', server.url, '-d', '@-', '--body'], {
    ...running,
    input: 'é',
  })
  expect(posted.out).toBe('hello ada POST é null\n')
  const put = ['fetch', server.url, '-X', 'put', '-d', 'a=1', '-d', 'b=2', '--ext', 'mine']
  expect((await withmac(put, running)).out).toBe('hello ada PUT a=1&b=2 mine\n')
  const json = await withmacJson(['fetch', server.url], running)
  expect(json).toMatchObject({ status: 200, body: 'hello ada GET  null\n', bodyEncoding: 'utf-8' })
})

test('fetch says why the request was rejected, and ends with 1', async () => {
  using folder = temporaryFolder()
  const running = { cwd: folder.path(''), env: { ...AS_ADA, MAC_KEY: 'another' } }
  await using server = await serveMac()
  const { out, err, status } = await withmac(['fetch', server.url], running)
  expect(JSON.parse(out)).toMatchObject({ status: 401, code: 'ERR_MAC_REJECTED' })
  expect(err).toBe(
    'withmac: 401 Unauthorized: The key identifier is unknown or the MAC is wrong.\n',
  )
  expect(status).toBe(1)
})

test.each(['wss', 'ws'])(
  'a %s URL is rejected, and the error names the URL to use instead',
  async (scheme) => {
    using folder = temporaryFolder()
    const url = `${scheme}://api.example.com:8443/chat?a=b`
    for (const command of [['sign', 'GET'], ['sign', '--curl', 'GET'], ['fetch'], ['doctor']]) {
      const running = { cwd: folder.path(''), env: AS_ADA }
      const { out, err, status } = await withmac([...command, url], running)
      expect(err).toContain(`write ${url.replace('ws', 'http')}.`)
      expect({ out, status }).toEqual({ out: '', status: 2 })
    }
  },
)

test('fetch says that a request was probably carried out if the server reports a replay of it', async () => {
  using folder = temporaryFolder()
  await using server = await serve(
    () =>
      new Response(JSON.stringify({ code: 'ERR_MAC_REPLAY' }), {
        status: 401,
        headers: {
          'content-type': 'application/problem+json',
          'www-authenticate': 'MAC error="The nonce was used before."',
        },
      }),
  )
  const running = { cwd: folder.path(''), env: AS_ADA }
  const { out, err, status } = await withmac(['fetch', '-X', 'PUT', server.url], running)
  expect(err).toContain('had this PUT request before')
  expect(err).toContain('probably carried out')
  expect({ out, status }).toEqual({ out: '', status: 1 })
})

test('fetch says that a request may have been carried out if the connection is closed', async () => {
  using folder = temporaryFolder()
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', () => socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const running = { cwd: folder.path(''), env: AS_ADA }
  const { err, status } = await withmac(['fetch', `http://127.0.0.1:${port}/`], running)
  server.close()
  expect(err).toContain('may have been carried out')
  expect(status).toBe(4)
})

test('fetch ends with 4 if the server cannot be reached', async () => {
  using folder = temporaryFolder()
  const server = await serveMac()
  await server[Symbol.asyncDispose]()
  const { out, err, status } = await withmac(['fetch', server.url], {
    cwd: folder.path(''),
    env: AS_ADA,
  })
  expect(err).toContain('cannot be reached: nothing listens there.')
  expect(err.trim().split('\n')).toHaveLength(1)
  expect({ out, status }).toEqual({ out: '', status: 4 })
})

/** Runs a line in a shell, and returns its stdout. */
async function shell(line: string, cwd: string, name = 'sh'): Promise<string> {
  const env = environment()
  const child = spawn(name, ['-c', line], { cwd, env, stdio: ['ignore', 'pipe', 'ignore'] })
  const [printed] = await Promise.all([text(child.stdout), endOf(child)])
  return printed
}

test('fetch does not follow a redirect, and says where it leads', async () => {
  using folder = temporaryFolder()
  await using elsewhere = await serve(() => new Response('never asked\n'))
  await using server = await serve(() => Response.redirect(elsewhere.url, 302))
  const running = { cwd: folder.path(''), env: AS_ADA }
  const { out, err, status } = await withmac(['fetch', server.url], running)
  expect({ out, status }).toEqual({ out: '', status: 0 })
  expect(err).toMatch(/^note: 302.*: the redirect to http:\S+ was not followed\n$/)
  expect(err).toContain(elsewhere.url)
})

test.each([[[]], [['--json']]])(
  'fetch says that a response broke off, with %j',
  async (options) => {
    using folder = temporaryFolder()
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () =>
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nthe start\n'),
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const running = { cwd: folder.path(''), env: AS_ADA }
    const { err, status } = await withmac(
      ['fetch', `http://127.0.0.1:${port}/`, ...options],
      running,
    )
    server.close()
    expect(err).toContain(`the response from http://127.0.0.1:${port} broke off`)
    expect(status).toBe(4)
  },
)

test('a command line to paste starts as withmac was started', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path('.')
  const plain = await withmac(['create', 'ada', '--id', 'a'], { cwd })
  expect(plain.out).toContain('\n  withmac fetch --id a ')
  // On Deno the sources run, which npx cannot do.
  const called = process.versions.deno === undefined ? 'npx --no-install withmac' : 'withmac'
  const byNpx = await withmac(['create', 'ada', '--id', 'b'], { cwd, env: { npm_command: 'exec' } })
  expect(byNpx.out).toContain(`\n  ${called} fetch --id b `)
  const lost = await withmac(['show', 'c'], { cwd, env: { npm_command: 'exec' } })
  expect(lost.err).toContain(`To see all of them: "${called} list".`)
})
