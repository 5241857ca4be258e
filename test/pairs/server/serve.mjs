import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createMac, getMac } from 'withmac'

/*
 * A server process of one runtime. Its argument has the adapter, the credential and the certificate, as JSON.
 * Each handler has its own port, and so its own origin. The process prints the ports.
 */

const { adapter, credential, certificate } = JSON.parse(process.argv[2])
const { listen } = await import(`../../server/adapters/${adapter}.mjs`)

const database = 'sqlite::memory:'
const anHourAhead = () => Date.now() / 1000 + 3600
const mac = await prepared(createMac({ database }))
const ahead = await prepared(createMac({ database, now: anHourAhead }))

/** Answers with the identity, the method and the digest of the body. */
async function echo(request) {
  const identity = getMac(request)
  const body = new Uint8Array(await request.arrayBuffer())
  const sha256 = createHash('sha256').update(body).digest('base64')
  const { user, ext, bodyVerified } = identity
  return Response.json({ user, ext, bodyVerified, method: request.method, sha256 })
}

/** Describes an unsigned request, or redirects it by its path: `/307/then` to `/then`. */
function plain(request) {
  const { pathname } = new URL(request.url)
  const [, status, target] = /^\/(30[1-8])\/(.*)$/.exec(pathname) ?? []
  if (status === undefined) {
    return Response.json({ signed: request.headers.has('authorization'), method: request.method })
  }
  const location = decodeURIComponent(target)
  const to = location.startsWith('http') ? location : `/${location}`
  return new Response('moved', { status: Number(status), headers: { location: to } })
}

const verified = mac.withMac(echo)
const handlers = {
  required: verified,
  bound: mac.withMac(echo, { body: 'required' }),
  ahead: ahead.withMac(echo),
  redirecting: (request) => (/\/30[1-8]\//.test(request.url) ? plain(request) : verified(request)),
  plain,
}
const ports = {}
for (const [name, handler] of Object.entries(handlers)) ports[name] = await listen(handler, null)
const [key, cert] = [certificate.key, certificate.cert].map((file) => readFileSync(file, 'utf8'))
ports.secure = await listen(handlers.redirecting, { key, cert })
console.log(JSON.stringify(ports))

async function prepared(made) {
  await made.createCredential('ada', { ...credential, expires: null })
  return made
}
