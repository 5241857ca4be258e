import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createMac, getMac } from '../../../dist/index.js'

/*
 * A server of withmac on one runtime. Its argument has the adapter, the credentials and the certificate, as
 * JSON. Each handler has a port without TLS, and one with it. The process prints the ports. On the port
 * `report` it tells why it rejected the last request.
 */

const { adapter, credentials, certificate } = JSON.parse(process.argv[2])
const { listen, requestTarget } = await import(`../../runtimes/server/adapters/${adapter}.mjs`)

let last = null
const mac = createMac({
  database: 'sqlite::memory:',
  onReject: (_error, _request, report) => {
    last = report
  },
})
for (const { user, ...options } of credentials) {
  await mac.createCredential(user, { ...options, expires: null })
}

/** Answers with the identity, or redirects `/moved` to `/orders`. */
function answer(request) {
  if (!request.url.endsWith('/moved')) return Response.json(getMac(request))
  return new Response('moved', { status: 302, headers: { location: '/orders' } })
}

/** Whether `ext` is the digest of the body as rack-oauth2 writes it, or empty without a body. */
async function isDigest(ext, request) {
  const body = new Uint8Array(await request.clone().arrayBuffer())
  const digest = createHash('sha256').update(body).digest('hex')
  return ext === (body.length === 0 ? null : digest)
}

const handlers = {
  plain: mac.withMac(answer),
  digest: mac.withMac(answer, { ext: isDigest }),
}
if (requestTarget !== undefined) handlers.raw = mac.withMac(answer, { requestTarget })

const tls = {
  key: readFileSync(certificate.key, 'utf8'),
  cert: readFileSync(certificate.cert, 'utf8'),
}
const ports = {}
for (const [name, handler] of Object.entries(handlers)) {
  ports[name] = { http: await listen(handler, null), https: await listen(handler, tls) }
}
ports.report = await listen(() => {
  const report = last
  last = null
  return Response.json(report)
}, null)
console.log(JSON.stringify(ports))
