import { createServer, request as forward, type IncomingHttpHeaders } from 'node:http'
import { explain } from '../../src/explain/explain.ts'
import type { SeenRequest } from '../../src/explain/explanation.ts'
import { createMac, type Mac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { listen } from '../support/listen.ts'
import { describe, expect, test } from '../support/runner.ts'
import { withmac } from './run.ts'
import { ADA, AS_ADA } from './served.ts'

type Change = (url: string, headers: IncomingHttpHeaders) => readonly [string, IncomingHttpHeaders]

/** What a proxy does, and what doctor and an explanation must both say to change. */
const PROXIES: readonly (readonly [
  name: string,
  change: Change,
  subject: string,
  advice: string,
])[] = [
  [
    'cuts a prefix off',
    (url, headers) => [url.replace('/shop', ''), headers],
    'target',
    'the option path: for example (request) => "/shop" + new URL(request.url).pathname',
  ],
  [
    'adds a slash',
    (url, headers) => [url.replace('?', '/?'), headers],
    'target',
    'let the proxy pass',
  ],
  [
    'decodes the path',
    (url, headers) => [url.replace('%7E', '~'), headers],
    'target',
    'let the proxy pass',
  ],
  [
    'writes its own Host',
    (url, headers) => [url, { ...headers, host: '127.0.0.1:3000' }],
    'origin',
    'let the proxy pass on the Host of the client',
  ],
  [
    'writes a Host that cannot be used',
    (url, headers) => [url, { ...headers, host: 'app server' }],
    // Node's adapter refuses such a Host itself.
    process.versions.bun || process.versions.deno ? 'origin' : 'unsigned',
    'let the proxy pass on the Host of the client',
  ],
  [
    'removes Authorization',
    (url, { authorization: _, ...headers }) => [url, headers],
    'origin',
    'let the proxy pass on Authorization',
  ],
]

describe('doctor says what to change if a proxy', () => {
  test.each(PROXIES)('%s', async (_, change, subject, advice) => {
    const seen: SeenRequest[] = []
    const mac = createMac({
      database: 'sqlite::memory:',
      onReject: (_error, _request, report) => void seen.push(report.toJSON()),
    })
    await mac.createCredential('ada', { ...ADA, expires: null })
    await using server = await served(mac)
    await using proxy = await proxyTo(server.port, change)
    using folder = temporaryFolder()
    const url = `http://localhost:${proxy.port}/shop/%7Eada?a=1`
    const args = ['doctor', url, '--json', '--copies', '1']
    const { out } = await withmac(args, { cwd: folder.path(''), env: AS_ADA })
    const { findings } = JSON.parse(out) as {
      findings: { state: string; subject: string; advice?: string }[]
    }
    const bad = findings.filter(({ state }) => state === 'bad')
    expect(bad.map((finding) => finding.subject)).toEqual([subject])
    expect(bad[0]?.advice?.toLowerCase()).toContain(advice.toLowerCase())
    // The explanation of the same request has the same advice, unless nothing of it arrived.
    const signed = seen.find(({ headers }) => headers.authorization?.includes('id="ada"'))
    if (signed !== undefined) {
      const { sentence } = explain(signed, ADA)
      if (subject === 'origin') expect(sentence).toContain('the proxy pass on the Host')
      else expect(sentence).toMatch(/the proxy pass (?:it )?on|the option path/)
    }
  })
})

async function served(mac: Mac) {
  const { port, close } = await listen(mac.withMac(() => new Response('hello')))
  return {
    port,
    async [Symbol.asyncDispose]() {
      await close()
      await mac.close()
    },
  }
}

async function proxyTo(port: number, change: Change) {
  const proxy = createServer((request, response) => {
    const [path, headers] = change(request.url ?? '/', request.headers)
    const to = { host: '127.0.0.1', port, method: request.method, path, headers }
    const onward = forward(to, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.writeHead(502).end())
    request.pipe(onward)
  })
  await new Promise<void>((resolve) => {
    proxy.listen(0, '127.0.0.1', () => resolve())
  })
  return {
    port: (proxy.address() as { port: number }).port,
    async [Symbol.asyncDispose]() {
      proxy.closeAllConnections()
      await new Promise((resolve) => proxy.close(resolve))
    },
  }
}
