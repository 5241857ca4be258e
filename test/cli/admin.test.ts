import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { Gate } from '../../src/cli/admin/gate.ts'
import { signRequest } from '../../src/client/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { endOf } from '../support/process.ts'
import { rawRequest, sendRaw } from '../support/raw.ts'
import { describe, expect, test } from '../support/runner.ts'
import { environment, WITHMAC, withmac, withmacJson } from './run.ts'

/** A running `withmac admin`. It is killed at the end of its scope. */
interface Running extends AsyncDisposable {
  /** The link, with its token. */
  readonly link: string
  readonly origin: string
  readonly port: number
  /** Sends a signal, and returns all that was printed and the exit status. */
  end(signal: NodeJS.Signals): Promise<{ out: string; err: string; status: number | null }>
}

async function startAdmin(cwd: string, ...args: string[]): Promise<Running> {
  const [command, ...first] = WITHMAC
  const child: ChildProcess = spawn(command, [...first, 'admin', ...args], {
    ...{ cwd, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] },
  })
  const { stdout, stderr } = child
  if (stdout === null || stderr === null) throw new Error('not piped')
  const ended = endOf(child)
  const err = text(stderr)
  const printed: string[] = []
  const link = await new Promise<string>((resolve, reject) => {
    const lines = createInterface({ input: stdout })
    lines.on('line', (line) => {
      printed.push(line)
      const [found] = /http:\S+?token=[\w-]+/.exec(line) ?? []
      if (found !== undefined) resolve(found)
    })
    ended.then(async (status) => reject(new Error(`ended with ${status}: ${await err}`)), reject)
  })
  const { origin, port } = new URL(link)
  const end = async (signal: NodeJS.Signals) => {
    // Not child.kill: after that, Deno reports the signal as the end, whatever the end was.
    if (child.pid !== undefined) process.kill(child.pid, signal)
    const status = await ended
    return { out: printed.join('\n'), err: await err, status }
  }
  return {
    ...{ link, origin, port: Number(port), end },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) await end('SIGKILL')
    },
  }
}

/** Opens the link, and returns where it leads and the cookie of the session. */
async function openLink(link: string) {
  const response = await fetch(link, { redirect: 'manual' })
  const [cookie = ''] = (response.headers.get('set-cookie') ?? '').split(';')
  return { response, cookie, path: response.headers.get('location') ?? '' }
}

function send(url: string, cookie: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { ...init, headers: { cookie, ...init.headers }, redirect: 'manual' })
}

/** Expects a page of the gate: it has nothing of the admin page, and no script. */
async function expectShut(response: Response, status: number, words: RegExp): Promise<string> {
  const html = await response.text()
  expect({ status: response.status, html }).toEqual({ status, html: expect.stringMatching(words) })
  expect(response.headers.get('set-cookie')).toBe(null)
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(response.headers.get('content-security-policy')).toMatch(
    /^default-src 'none'; .*frame-ancestors 'none'$/,
  )
  expect(response.headers.get('referrer-policy')).toBe('no-referrer')
  return html
}

describe('withmac admin', () => {
  test('on a fresh folder, creates the database and prints a link that leads to the page', async () => {
    using folder = temporaryFolder()
    const cwd = folder.path('')
    await using admin = await startAdmin(cwd)
    expect(existsSync(folder.path('mac.db'))).toBe(true)
    const { response, cookie, path } = await openLink(admin.link)
    expect(response.status).toBe(303)
    expect(response.headers.get('referrer-policy')).toBe('no-referrer')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(path).toMatch(/^\/admin\/[0-9a-f]{32}$/)
    const set = response.headers.get('set-cookie') ?? ''
    expect(set).toMatch(/^withmac_admin_\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/)
    const page = await send(admin.origin + path, cookie)
    expect(page.status).toBe(200)
    expect(await page.text()).toMatch(/Acting as .*cli:\S/)
    const { out, err, status } = await admin.end('SIGINT')
    expect({ err, status }).toEqual({ err: '', status: 0 })
    expect(out).toMatch(/^The admin page of \S+mac\.db, which was created:\n\n {2}http:/)
    // The token is printed once, and nothing of the session is.
    expect(out.split('token=')).toHaveLength(2)
    expect(out).not.toContain(path)
  })

  test('refuses a link that was used, and says how to get a new one', async () => {
    using folder = temporaryFolder()
    await using admin = await startAdmin(folder.path(''))
    const { cookie, path } = await openLink(admin.link)
    const again = await fetch(admin.link, { redirect: 'manual' })
    const html = await expectShut(again, 403, /The link was already used/)
    expect(html).toContain('<code>withmac admin</code>')
    expect(html).toContain('somebody else did')
    expect(html).not.toContain(path)
    // The browser that used it finds back to the page.
    const back = await expectShut(await send(admin.link, cookie), 403, /already used/)
    expect(back).toContain(`<a href="${path}">`)
    // The session has not ended by this.
    expect((await send(admin.origin + path, cookie)).status).toBe(200)
  })

  test('shows nothing without a cookie, with a forged one, or with a wrong token', async () => {
    using folder = temporaryFolder()
    await using admin = await startAdmin(folder.path(''))
    const name = `withmac_admin_${admin.port}`
    const wrong = `${admin.origin}/?token=${'x'.repeat(43)}`
    await expectShut(await send(wrong, ''), 403, /No session/)
    // Before there is a session, no cookie is right.
    for (const cookie of [`${name}=`, `${name}=null`, `${name}=undefined`]) {
      await expectShut(await send(`${admin.origin}/`, cookie), 403, /No session/)
    }
    // A wrong token does not use up the link.
    const { response, cookie, path } = await openLink(admin.link)
    expect(response.status).toBe(303)
    const secret = cookie.slice(name.length + 1)
    const forged = [
      '',
      `${name}=`,
      `${name}=${'A'.repeat(43)}`,
      `${name}=${secret}A`,
      `${name}x=${secret}`,
      `withmac_admin_1=${secret}`,
    ]
    for (const each of forged) {
      await expectShut(await send(admin.origin + path, each), 403, /No session/)
      const method = 'POST'
      await expectShut(await send(`${admin.origin}${path}/x`, each, { method }), 403, /No session/)
    }
    // With another cookie of the same name before it, which another server on this host may have set.
    const both = await send(admin.origin + path, `${name}=forged; ${cookie}`)
    expect(both.status).toBe(200)
  })

  test('the cookie alone, which servers on other ports get too, does not lead to the page', async () => {
    using folder = temporaryFolder()
    await using admin = await startAdmin(folder.path(''))
    const { cookie, path } = await openLink(admin.link)
    for (const other of ['/', '/admin', '/admin/', `${path}x`, `/?token=${'x'.repeat(43)}`]) {
      const response = await send(admin.origin + other, cookie)
      expect(await response.text()).not.toContain(path)
      expect([403, 404]).toContain(response.status)
    }
  })

  test('refuses a request that names another host', async () => {
    using folder = temporaryFolder()
    await using admin = await startAdmin(folder.path(''))
    const { cookie, path } = await openLink(admin.link)
    const status = async (host: string) => {
      const fields = [`Host: ${host}`, `Cookie: ${cookie}`]
      return (await sendRaw(admin.port, rawRequest(`GET ${path}`, fields))).status
    }
    const { port } = admin
    expect(await status(`127.0.0.1:${port}`)).toBe(200)
    expect(await status(`localhost:${port}`)).toBe(200)
    const others = ['evil.example', `evil.example:${port}`, '127.0.0.1', `127.0.0.1:${port + 1}`]
    for (const host of [...others, `127.0.0.1.evil.example:${port}`, `[::1]:${port}`]) {
      expect([host, await status(host)]).toEqual([host, 421])
    }
    const absolute = rawRequest(`GET http://127.0.0.1:${port}${path}`, [
      ...['Host: evil.example', `Cookie: ${cookie}`],
    ])
    expect([400, 421]).toContain((await sendRaw(port, absolute)).status)
  })

  test('a link that a browser only loads ahead stays unused', async () => {
    using folder = temporaryFolder()
    await using admin = await startAdmin(folder.path(''))
    const ahead = { 'sec-purpose': 'prefetch;prerender' }
    expect((await send(admin.link, '', { headers: ahead })).status).toBe(405)
    for (const method of ['HEAD', 'POST']) {
      expect((await send(admin.link, '', { method })).status).toBe(405)
    }
    expect((await openLink(admin.link)).response.status).toBe(303)
  })

  test('accepts a form of its own page only, with the operator in the history', async () => {
    using folder = temporaryFolder()
    const cwd = folder.path('')
    await using admin = await startAdmin(cwd)
    const { cookie, path } = await openLink(admin.link)
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const post = (body: string, origin: string) =>
      send(`${admin.origin}${path}/new`, cookie, {
        ...{ method: 'POST', body, headers: { ...headers, origin } },
      })
    const form = 'user=ada&algorithm=hmac-sha-256&expires=30d'
    // A page of a server on another port, which the browser counts as the same site.
    expect((await post(form, 'http://127.0.0.1:1')).status).toBe(403)
    expect((await post('x'.repeat(1_000_001), admin.origin)).status).toBe(413)
    expect(await withmacJson<object[]>(['list'], { cwd })).toHaveLength(0)
    expect(await (await post(form, admin.origin)).text()).toContain('Credential created')
    const [event] = await withmacJson<{ actor: string }[]>(['history'], { cwd })
    expect(event?.actor).toMatch(/^cli:./)
  })

  test('verifies signed requests itself, so that the programs on its page work', async () => {
    using folder = temporaryFolder()
    const cwd = folder.path('')
    await using admin = await startAdmin(cwd)
    const { id, key } = await withmacJson<{ id: string; key: string }>(['create', 'ada'], { cwd })
    const signed = (secret: string) =>
      signRequest(new Request(`${admin.origin}/`), { id, key: secret })
    const response = await fetch(await signed(key))
    expect([response.status, await response.text()]).toEqual([200, 'hello ada\n'])
    expect((await fetch(await signed('x'.repeat(43)))).status).toBe(401)
  })

  test('takes the port of --port, and says if it is in use', async () => {
    using folder = temporaryFolder()
    const cwd = folder.path('')
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as { port: number }
    const { err, status } = await withmac(['admin', '--port', `${port}`], { cwd })
    expect({ err, status }).toEqual({
      err: `withmac: port ${port} is in use: choose another one, or leave --port out.\n`,
      status: 2,
    })
    holder.close()
    await once(holder, 'close')
    await using admin = await startAdmin(cwd, '--port', `${port}`)
    expect(admin.port).toBe(port)
    expect((await withmac(['admin', '--port', '65536'], { cwd })).status).toBe(2)
  })

  test.each([['SIGINT'], ['SIGTERM']] as const)(
    '%s ends it with status 0, also while a browser keeps a connection',
    async (signal) => {
      using folder = temporaryFolder()
      const cwd = folder.path('')
      await withmac(['create', 'ada', '--id', 'a1'], { cwd })
      await using admin = await startAdmin(cwd, '--json')
      await openLink(admin.link)
      const { out, err, status } = await admin.end(signal)
      expect({ err, status }).toEqual({ err: '', status: 0 })
      expect(JSON.parse(out)).toEqual({
        ...{ url: admin.link, path: folder.path('mac.db'), created: false },
      })
      // The database was closed.
      expect(existsSync(folder.path('mac.db-wal'))).toBe(false)
      expect(await withmacJson(['show', 'a1'], { cwd })).toMatchObject({ id: 'a1' })
    },
  )
})

describe('the gate of withmac admin', () => {
  const HOUR = 3_600_000
  const ORIGIN = 'http://127.0.0.1:4000'
  const pages = async () => new Response('the page')

  test('ends a session that was not used for eight hours, and keeps one that is used', async () => {
    let now = 0
    const gate = new Gate({ port: 4000, restart: 'withmac admin', now: () => now })
    const opened = await gate.enter(new Request(ORIGIN + gate.link), pages)
    const cookie = opened.headers.get('set-cookie')?.split(';')[0] ?? ''
    const visit = async () => {
      const request = new Request(ORIGIN + gate.basePath, { headers: { cookie } })
      return (await gate.enter(request, pages)).status
    }
    for (let visits = 0; visits < 3; visits++) {
      now += 7.9 * HOUR
      expect(await visit()).toBe(200)
    }
    now += 8 * HOUR
    expect([gate.isOver, await visit()]).toEqual([true, 403])
  })

  test('ends a link that was not used for eight hours', async () => {
    let now = 0
    const gate = new Gate({ port: 4000, restart: 'withmac admin', now: () => now })
    now += 8 * HOUR
    const response = await gate.enter(new Request(ORIGIN + gate.link), pages)
    await expectShut(response, 403, /No session/)
  })

  test('offers to continue if the browser keeps the cookie back, because it comes from another site', async () => {
    const gate = new Gate({ port: 4000, restart: 'withmac admin' })
    const headers = { 'sec-fetch-site': 'cross-site' }
    const from = async (path: string) =>
      (await gate.enter(new Request(ORIGIN + path, { headers }), pages)).text()
    expect(await from(gate.basePath)).toContain(`<a href="${gate.basePath}">continue</a>`)
    expect(await from('/admin')).not.toContain('<a ')
  })
})
