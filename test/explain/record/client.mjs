// Signs and sends one request as JavaScript programs do. Its argument is JSON. Prints what was signed.
import { createHash, createHmac, randomUUID } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'

const given = JSON.parse(process.argv.at(-1))
const { mode, lib, url, id, send = url } = given
const parsed = new URL(url)
let { method = 'GET', ext = '', key } = given
const sentMethod = method
let sentExt = ext
let target = parsed.pathname + parsed.search
let host = parsed.hostname
let port = parsed.port || (parsed.protocol === 'https:' ? '443' : '80')
let ts = String(Math.floor(Date.now() / 1000))
let signedTs = ts
let nonce = randomUUID().slice(0, 8)
const sentNonce = nonce
let between = '\n'
let last = '\n'
let hash = 'sha256'
let encode = (mac) => mac.toString('base64')
let write = (pairs) => `MAC ${pairs.map(([name, value]) => `${name}="${value}"`).join(', ')}`
const raw = url.slice(parsed.protocol.length + 2).replace(/^[^/?#]*/, '')
const MODES = {
  right() {},
  pathname: () => (target = parsed.pathname),
  raw: () => (target = raw),
  'decode-uri': () => (target = decodeURI(target)),
  'decode-component': () => (target = decodeURIComponent(target)),
  'decode-path': () => (target = decodeURIComponent(parsed.pathname) + parsed.search),
  'encode-uri': () => (target = encodeURI(target)),
  'encode-component': () => (target = encodeURIComponent(target)),
  'search-params': () => (target = `${parsed.pathname}?${parsed.searchParams}`),
  'sort-params': () => {
    parsed.searchParams.sort()
    target = `${parsed.pathname}?${parsed.searchParams}`
  },
  href: () => (target = url),
  'url-host': () => (host = parsed.host),
  'url-port': () => (port = parsed.port),
  'undefined-port': () => (port = 'undefined'),
  'host-upper': () => (host = host.toUpperCase()),
  'no-mark': () => (target = target.replace(/\?$/, '')),
  'https-port': () => (port = '443'),
  hash: () => (target += parsed.hash),
  atob: () => (key = Buffer.from(key, 'base64')),
  'hex-key': () => (key = Buffer.from(key, 'hex')),
  'file-key': () => (key = `${key}\n`),
  'json-key': () => (key = JSON.stringify(key)),
  'bom-key': () => (key = `\ufeff${key}`),
  'no-break-space': () => (key = `${key}\u00a0`),
  'zero-width': () => (key = `\u200b${key}`),
  'undefined-key': () => (key = 'undefined'),
  'id-key': () => (key = id),
  'encoded-key': () => (key = encodeURIComponent(key)),
  'hashed-key': () => (key = createHash('sha256').update(key).digest('base64')),
  hex: () => (encode = (mac) => mac.toString('hex')),
  'encode-mac': () => (encode = (mac) => encodeURIComponent(mac.toString('base64'))),
  sha1: () => (hash = 'sha1'),
  sha512: () => (hash = 'sha512'),
  lower: () => (method = method.toLowerCase()),
  'other-method': () => (method = given.signMethod),
  ms: () => (ts = signedTs = String(Date.now())),
  'ms-signed': () => (signedTs = `${ts}250`),
  float: () => (ts = signedTs = String(Date.now() / 1000 + 0.001)),
  'other-nonce': () => (nonce = randomUUID().slice(0, 8)),
  'iso-time': () => (ts = new Date(Number(ts) * 1000).toISOString()),
  join: () => (last = ''),
  crlf: () => (between = last = '\r\n'),
  'null-ext': () => (ext = String(null)),
  'undefined-ext': () => (ext = String(undefined)),
  'ext-unsigned': () => (ext = ''),
  'ext-unsent': () => (sentExt = ''),
  'no-scheme': () => {
    const before = write
    write = (pairs) => before(pairs).slice(4)
  },
  basic: () => (write = () => `Basic ${btoa(`${id}:x`)}`),
  hawk: () => {
    const before = write
    write = (pairs) => `Hawk${before(pairs).slice(3)}`
  },
  single: () =>
    (write = (pairs) => `MAC ${pairs.map(([name, value]) => `${name}='${value}'`).join(', ')}`),
  twice: () => {
    const before = write
    write = (pairs) => `${before(pairs)}, ${before(pairs)}`
  },
  colons: () =>
    (write = (pairs) => `MAC ${pairs.map(([name, value]) => `${name}: "${value}"`).join(', ')}`),
}
for (const name of mode.split('+')) MODES[name]()
const text = [signedTs, nonce, method, target, host, port, ext].join(between) + last
const mac = encode(createHmac(hash, key).update(text).digest())
const pairs = [
  ['id', id],
  ['ts', ts],
  ['nonce', sentNonce],
  ...(sentExt === '' ? [] : [['ext', sentExt]]),
  ['mac', mac],
]
const headers = { ...given.headers, authorization: write(pairs) }
if (lib === 'fetch') {
  await fetch(send, {
    method: sentMethod,
    headers,
    body: given.body,
    redirect: given.redirect,
  }).then((answer) => answer.text())
} else {
  const { request } = send.startsWith('https:') ? https : http
  const at = new URL(send)
  await new Promise((resolve, reject) => {
    const options = {
      method: sentMethod,
      headers,
      path: given.path ?? send.slice(at.protocol.length + 2).replace(/^[^/?#]*/, ''),
      hostname: at.hostname,
      port: at.port || undefined,
      rejectUnauthorized: false,
    }
    request(options, (answer) => answer.resume().on('end', resolve))
      .on('error', reject)
      .end(given.body)
  })
}
console.log(
  JSON.stringify({ method, target, host, port, ext, key: Buffer.from(key).toString('latin1') }),
)
