// Signs in a real Chromium: a page calls an API on another origin, with dist/client/browser.js as it is.
import { deepEqual, equal, match } from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { signHeaders } from '../../dist/client/index.js'
import { Report } from '../package/tools/report.mjs'
import { launch } from './run.mjs'
import { start } from './servers.mjs'

const CREDENTIAL = { id: 'page', key: 'a-key-of-a-page-that-holds-128-bits' }
const CLIENT = readFileSync(new URL('../../dist/client/browser.js', import.meta.url))
const { targets: TARGETS } = JSON.parse(
  readFileSync(new URL('../vectors/awkward-urls.json', import.meta.url)),
)
const WORKER = `import { createMacFetch } from '/client.js'
  onmessage = async ({ data: { credential, url } }) => {
    const response = await createMacFetch(credential, { body: true })(url, { method: 'POST', body: 'x' })
    postMessage(await response.json())
  }`
const [, EXAMPLE] = /```js\n(.*?)```/s.exec(
  readFileSync(new URL('../../docs/browsers.md', import.meta.url), 'utf8'),
)
const PAGE = `<!doctype html><title>a page</title><link rel="icon" href="data:,">
  <script type="importmap">{ "imports": { "withmac/client": "/client.js" } }</script>`
/** A name that leads to this machine, but that browsers do not take for it. */
const INSECURE = 'page.example'

const report = new Report()
const folder = mkdtempSync(join(tmpdir(), 'withmac-client-'))
const pages = await servePages()
const origin = `http://localhost:${pages.address().port}`
const env = { PAGE_ORIGIN: origin, MAC_ID: CREDENTIAL.id, MAC_KEY: CREDENTIAL.key }
const api = await start(
  'node-24',
  [fileURLToPath(new URL('api.mjs', import.meta.url))],
  folder,
  env,
)
const browser = await launch([`--host-resolver-rules=MAP ${INSECURE} 127.0.0.1`])
try {
  const page = await browser.newPage()
  const errors = []
  page.on('pageerror', (error) => errors.push(String(error)))
  await page.goto(origin)
  await checkPage(page)
  await report.check('no script of the page fails by itself', () => deepEqual(errors, []))
} finally {
  await browser.close()
  await api.end()
  pages.closeAllConnections()
  pages.close()
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = report.end()

async function checkPage(page) {
  const given = { credential: CREDENTIAL, url: api.url }
  const inPage = (work, more) => page.evaluate(work, { ...given, ...more })
  report.about('withmac/client in a page of another origin')

  await report.check('a signed request is accepted', async () => {
    const found = await inPage(async ({ credential, url }) => {
      const { createMacFetch } = await import('/client.js')
      const response = await createMacFetch(credential)(`${url}orders?a=1`)
      return [response.status, await response.json()]
    })
    const seen = { user: 'ada', bodyVerified: false, method: 'GET', path: '/orders?a=1' }
    deepEqual(found, [200, { ...seen, type: null, body: '' }])
  })

  await report.check('signHeaders signs as it does on Node, with both algorithms', async () => {
    const signBoth = (sign, credential) =>
      ['hmac-sha-256', 'hmac-sha-1'].map((algorithm) => {
        const request = { method: 'POST', url: 'https://a.example/x?a', body: 'é', ext: 'e' }
        const fixed = { now: () => 1_700_000_000, nonce: () => 'n' }
        return sign(request, { ...credential, algorithm }, fixed).authorization
      })
    const text = `import('/client.js').then(({ signHeaders }) =>
      (${signBoth})(signHeaders, ${JSON.stringify(CREDENTIAL)}))`
    const found = await page.evaluate(text)
    const expected = signBoth(signHeaders, CREDENTIAL)
    deepEqual(found, expected)
  })

  await report.check('bodies of every kind are bound, also those of a Request', async () => {
    const found = await inPage(async ({ credential, url }) => {
      const { createMacFetch } = await import('/client.js')
      const macFetch = createMacFetch(credential, { body: true })
      const form = new FormData()
      form.set('what', new Blob(['one'], { type: 'text/plain' }), 'a.txt')
      const bodies = {
        text: 'one',
        query: new URLSearchParams({ what: 'one' }),
        blob: new Blob(['one'], { type: 'text/x-one' }),
        bytes: new Uint8Array([111, 110, 101]),
        form,
        stream: new Blob(['one']).stream(),
      }
      const results = {}
      for (const [name, body] of Object.entries(bodies)) {
        const response = await macFetch(`${url}bound`, { method: 'POST', body, duplex: 'half' })
        results[name] = await response.json()
      }
      const request = new Request(`${url}bound`, { method: 'PUT', body: 'one' })
      results.request = await (await macFetch(request)).json()
      return results
    })
    for (const [name, { bodyVerified, body, type }] of Object.entries(found)) {
      equal(bodyVerified, true, name)
      match(body, /one/, name)
      if (name === 'form') match(type, /^multipart\/form-data; boundary=/)
      if (name === 'blob') equal(type, 'text/x-one')
    }
  })

  await report.check('bodies that are not bound are sent as fetch sends them', async () => {
    const found = await inPage(async ({ credential, url }) => {
      const { createMacFetch } = await import('/client.js')
      const macFetch = createMacFetch(credential)
      const post = async (body) => {
        const response = await macFetch(`${url}x`, { method: 'POST', body, duplex: 'half' })
        return (await response.json()).body
      }
      const request = new Request(`${url}x`, { method: 'POST', body: 'one' })
      const texts = [await post('one'), await post(new Blob(['one']))]
      texts.push((await (await macFetch(request)).json()).body)
      // Chromium sends a stream only over HTTP/2, and this server has HTTP/1.1.
      const stream = await post(new Blob(['one']).stream()).catch((error) => error.name)
      return [texts, stream]
    })
    deepEqual(found, [['one', 'one', 'one'], 'TypeError'])
  })

  await report.check('what a page sends is what was signed, for awkward URLs too', async () => {
    const found = await inPage(
      async ({ credential, url, targets }) => {
        const { createMacFetch } = await import('/client.js')
        const macFetch = createMacFetch(credential)
        const send = async (target) => {
          const response = await macFetch(url.slice(0, -1) + target).catch((error) => error)
          return response.status === 200 ? null : [target, response.status ?? String(response)]
        }
        const all = targets.filter((target) => target.startsWith('/'))
        return [all.length, (await Promise.all(all.map(send))).filter(Boolean)]
      },
      { targets: TARGETS },
    )
    deepEqual(found[1], [])
    equal(found[0] > 10, true)
  })

  await report.check('a rejection can be read: code, challenge, rate limit', async () => {
    const found = await inPage(async ({ credential, url }) => {
      const { createMacFetch } = await import('/client.js')
      const read = async (response) => {
        const { status, headers } = response
        const all = ['www-authenticate', 'retry-after', 'ratelimit', 'ratelimit-policy', 'date']
        const names = all.filter((name) => headers.has(name))
        return [status, (await response.json()).code, names]
      }
      const wrong = createMacFetch({ ...credential, key: 'another-key-that-holds-128-bits' })
      const limited = createMacFetch({ ...credential, id: 'limited' })
      await limited(url)
      return [await read(await wrong(url)), await read(await limited(url))]
    })
    deepEqual(found[0], [401, 'ERR_MAC_REJECTED', ['www-authenticate', 'date']])
    const fields = ['retry-after', 'ratelimit', 'ratelimit-policy', 'date']
    deepEqual(found[1], [429, 'ERR_MAC_RATE_LIMITED', fields])
  })

  await report.check('a replay is rejected, and the page learns it', async () => {
    const found = await inPage(async ({ credential, url }) => {
      const { signRequest } = await import('/client.js')
      const signed = await signRequest(new Request(url), credential)
      const statuses = [(await fetch(signed.clone())).status]
      const response = await fetch(signed)
      return [...statuses, response.status, (await response.json()).code]
    })
    deepEqual(found, [200, 401, 'ERR_MAC_REPLAY'])
  })

  await report.check('a page whose clock is an hour behind corrects it', async () => {
    const found = await inPage(async ({ credential, url }) => {
      const { createMacFetch } = await import('/client.js')
      const sent = []
      const counted = async (input, init) => {
        const response = await fetch(input, init)
        sent.push(response.status)
        return response
      }
      const macFetch = createMacFetch(credential, { fetch: counted, body: true })
      for (const body of ['one', 'two']) {
        await macFetch(`${url}ahead`, { method: 'POST', body })
      }
      return sent
    })
    deepEqual(found, [401, 200, 200])
  })

  await report.check('(without cors or allowPreflight, a page reads nothing)', async () => {
    const found = await inPage(async ({ credential, url }) => {
      const { createMacFetch } = await import('/client.js')
      const wrong = createMacFetch({ ...credential, key: 'another-key-that-holds-128-bits' })
      const nameOf = (sent) => sent.then(String, (error) => error.name)
      const right = createMacFetch(credential)
      return [await nameOf(wrong(`${url}hidden`)), await nameOf(right(`${url}unasked`))]
    })
    deepEqual(found, ['TypeError', 'TypeError'])
  })

  await report.check('a redirect is an error, unless the page asks for it', async () => {
    const found = await inPage(async ({ credential, url }) => {
      const { createMacFetch, MacError } = await import('/client.js')
      const macFetch = createMacFetch(credential)
      const error = await macFetch(`${url}redirect`).catch((reason) => reason)
      const { type } = await macFetch(`${url}redirect`, { redirect: 'manual' })
      return [error instanceof MacError, error.code, error.message, type]
    })
    deepEqual(found.toSpliced(2, 1), [true, 'ERR_MAC_CLIENT_REDIRECT', 'opaqueredirect'])
    match(found[2], /Browsers do not show where it leads/)
  })

  await report.check('a relative URL is that of the page, as for fetch', async () => {
    const found = await inPage(async ({ credential }) => {
      const { createMacFetch, wireTarget } = await import('/client.js')
      const urls = []
      const fetch = async (input) => {
        urls.push(input)
        return new Response()
      }
      await createMacFetch(credential, { fetch })('/orders?a=1')
      return [...urls, wireTarget('../x?')]
    })
    deepEqual(found, [`${origin}/orders?a=1`, '/x?'])
  })

  await report.check(
    'docs/browsers.md: a key that no script can read is kept, and signs',
    async () => {
      const extracted = await inPage(async ({ credential }) => {
        const { importKey } = SubtleCrypto.prototype
        let key = null
        SubtleCrypto.prototype.importKey = async function (...given) {
          key = await importKey.apply(this, given)
          return key
        }
        const { keepCredential } = await import('/example.js')
        await keepCredential(credential)
        return crypto.subtle.exportKey('raw', key).then(String, (error) => error.name)
      })
      equal(extracted, 'InvalidAccessError')
      await page.reload()
      const found = await inPage(async ({ url }) => {
        const { signingFetch } = await import('/example.js')
        const macFetch = await signingFetch()
        const options = { method: 'POST', body: 'one' }
        const statuses = [(await macFetch(`${url}bound`, options)).status]
        statuses.push((await macFetch(`${url}ahead`, options)).status)
        return statuses
      })
      deepEqual(found, [200, 200])
    },
  )

  await report.check('a worker of the page signs', async () => {
    const found = await inPage(
      (data) =>
        new Promise((resolve, reject) => {
          const worker = new Worker('/worker.js', { type: 'module' })
          worker.onmessage = (event) => resolve(event.data)
          worker.onerror = reject
          worker.postMessage(data)
        }),
      { url: `${api.url}bound` },
    )
    deepEqual([found.user, found.bodyVerified], ['ada', true])
  })

  await report.check('a page over plain http learns why it cannot sign', async () => {
    await page.goto(origin.replace('localhost', INSECURE))
    const found = await inPage(async ({ credential, url }) => {
      const { createMacFetch, signHeaders } = await import('/client.js')
      const { message } = await createMacFetch(credential)(url).catch((error) => error)
      return [message, typeof signHeaders({ url }, credential).authorization]
    })
    match(found[0], /^withmac: there is no WebCrypto here/)
    equal(found[1], 'string')
  })
}

/** Serves an empty page, the client, a worker, and the example of the documentation. */
function servePages() {
  const files = { '/client.js': CLIENT, '/worker.js': WORKER, '/example.js': EXAMPLE }
  const server = createServer(({ url }, response) => {
    const type = url in files ? 'text/javascript' : 'text/html'
    response.setHeader('content-type', type)
    response.end(files[url] ?? PAGE)
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}
