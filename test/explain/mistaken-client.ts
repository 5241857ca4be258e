import { createHmac } from 'node:crypto'
import type { SeenRequest } from '../../src/explain/explanation.ts'

/** The steps of a client that signs a request. It follows the draft and does not use the library. */
export interface Recipe {
  sentTs: string
  ts: string
  nonce: string
  method: string
  target: string
  host: string
  port: string
  sentExt: string
  /** `null` if its line is left out. */
  ext: string | null
  order: (keyof Lines)[]
  between: string
  last: string
  hash: 'sha1' | 'sha256' | 'sha512'
  key: string | Buffer
  encode: (mac: Buffer) => string
}

type Lines = Pick<Recipe, 'ts' | 'nonce' | 'method' | 'target' | 'host' | 'port' | 'ext'>

/** Something that the client does wrong. */
export interface ClientMistake {
  readonly name: string
  /** The kind of the mistake in an explanation. */
  readonly kind: string
  /** A client makes at most one mistake of a group. */
  readonly group: string
  readonly make: (recipe: Recipe) => void
}

export const CREDENTIAL = { id: 'ada', key: 'bWFjIGtleSBvZiBhZGEsIGJhc2U2NA==' }
export const NOW = 1_790_000_000
export const HEADERS = {
  host: 'api.example.com:8080',
  'x-forwarded-host': 'shop.example.com',
  'x-forwarded-proto': 'https',
}
const TARGET = '/a%20b/%7Ec/../d?q=1%2C2&p=x+y'

/** The request of a client that makes these mistakes, as the server sees it. */
export function seenFrom(mistakes: readonly ClientMistake[], ext = ''): SeenRequest {
  const recipe: Recipe = {
    sentTs: String(NOW),
    ts: String(NOW),
    nonce: 'dj83hs9s',
    method: 'POST',
    target: TARGET,
    host: 'api.example.com',
    port: '8080',
    sentExt: ext,
    ext,
    order: ['ts', 'nonce', 'method', 'target', 'host', 'port', 'ext'],
    between: '\n',
    last: '\n',
    hash: 'sha256',
    key: CREDENTIAL.key,
    encode: (mac) => mac.toString('base64'),
  }
  for (const { make } of mistakes) make(recipe)
  const lines = recipe.order.map((name) => recipe[name]).filter((line) => line !== null)
  const text = lines.join(recipe.between) + recipe.last
  const mac = recipe.encode(createHmac(recipe.hash, recipe.key).update(text).digest())
  const covered = recipe.sentExt === '' ? '' : `, ext="${recipe.sentExt}"`
  const sent = `MAC id="ada", ts="${recipe.sentTs}", nonce="${recipe.nonce}"${covered}, mac="${mac}"`
  return {
    method: 'POST',
    url: `http://api.example.com:8080${TARGET}`,
    headers: { ...HEADERS, authorization: sent },
    receivedAt: NOW,
  }
}

/** The mistakes: at least one of each kind. */
export const MISTAKES: readonly ClientMistake[] = [
  mistake('port 443', 'port', 'port', (recipe) => {
    recipe.port = '443'
  }),
  mistake('port 80', 'port', 'port', (recipe) => {
    recipe.port = '80'
  }),
  mistake('an empty port', 'port-default', 'port', (recipe) => {
    recipe.port = ''
  }),
  mistake('the forwarded host', 'host', 'host', (recipe) => {
    recipe.host = 'shop.example.com'
  }),
  mistake('the host with its port', 'host-with-port', 'host', (recipe) => {
    recipe.host = 'api.example.com:8080'
  }),
  mistake('no query', 'query-missing', 'query', (recipe) => {
    recipe.target = recipe.target.replace(/\?.*/, '')
  }),
  mistake('a sorted query', 'query-sorted', 'query', (recipe) => {
    recipe.target = recipe.target.replace('q=1%2C2&p=x+y', 'p=x+y&q=1%2C2')
  }),
  mistake('%20 for +', 'query-encoded', 'query', (recipe) => {
    recipe.target = recipe.target.replace('+', '%20')
  }),
  mistake('a decoded query', 'query-decoded', 'query', (recipe) => {
    recipe.target = recipe.target.replace('%2C', ',')
  }),
  mistake('a decoded path', 'path-decoded', 'path', (recipe) => {
    recipe.target = recipe.target.replace('/a%20b/%7Ec/../d', '/a b/~c/../d')
  }),
  mistake('a normalized path', 'path-normalized', 'path', (recipe) => {
    recipe.target = recipe.target.replace('/a%20b/%7Ec/../d', '/a%20b/d')
  }),
  mistake('a slash at the end of the path', 'path-slash', 'path', (recipe) => {
    recipe.target = recipe.target.replace('/../d', '/../d/')
  }),
  mistake('the whole URL', 'target-absolute', 'before', (recipe) => {
    recipe.target = `http://api.example.com:8080${recipe.target}`
  }),
  mistake('the method in lower case', 'method-case', 'method', (recipe) => {
    recipe.method = 'post'
  }),
  mistake('the ext unsigned', 'ext-unsigned', 'ext', (recipe) => {
    recipe.sentExt = 'a,b,c'
    recipe.ext = ''
  }),
  mistake('no line for the absent ext', 'ext-line', 'ext', (recipe) => {
    recipe.sentExt = ''
    recipe.ext = null
  }),
  mistake('host and port swapped', 'order', 'order', (recipe) => {
    recipe.order = ['ts', 'nonce', 'method', 'target', 'port', 'host', 'ext']
  }),
  mistake('nonce before timestamp', 'order', 'order', (recipe) => {
    recipe.order = ['nonce', 'ts', 'method', 'target', 'host', 'port', 'ext']
  }),
  mistake('CR LF', 'line-ends', 'ends', (recipe) => {
    recipe.between = recipe.last = '\r\n'
  }),
  mistake('CR LF, and none at the end', 'line-ends', 'ends', (recipe) => {
    recipe.between = '\r\n'
    recipe.last = ''
  }),
  mistake('no LF at the end', 'line-ends', 'ends', (recipe) => {
    recipe.last = ''
  }),
  mistake('a backslash and an n', 'line-ends', 'ends', (recipe) => {
    recipe.between = recipe.last = '\\n'
  }),
  mistake('SHA-1', 'algorithm', 'hash', (recipe) => {
    recipe.hash = 'sha1'
  }),
  mistake('SHA-512', 'algorithm', 'hash', (recipe) => {
    recipe.hash = 'sha512'
  }),
  mistake('the key from base64', 'key-base64', 'key', (recipe) => {
    recipe.key = Buffer.from(CREDENTIAL.key, 'base64')
  }),
  mistake('a line feed behind the key', 'key-newline', 'key', (recipe) => {
    recipe.key = `${CREDENTIAL.key}\n`
  }),
  mistake('the key in base64', 'key-encoded', 'key', (recipe) => {
    recipe.key = Buffer.from(CREDENTIAL.key).toString('base64')
  }),
  mistake('the MAC in hexadecimal', 'mac-hex', 'encoding', (recipe) => {
    recipe.encode = (mac) => mac.toString('hex')
  }),
  mistake('the MAC percent-encoded', 'mac-escaped', 'encoding', (recipe) => {
    recipe.encode = (mac) => encodeURIComponent(mac.toString('base64'))
  }),
  mistake('milliseconds signed', 'ts-milliseconds-signed', 'ts', (recipe) => {
    recipe.ts = `${NOW}000`
  }),
  mistake('milliseconds sent', 'ts-milliseconds-sent', 'ts', (recipe) => {
    recipe.sentTs = `${NOW}789`
  }),
  mistake('the time taken twice', 'ts-twice', 'ts', (recipe) => {
    recipe.ts = String(NOW - 1)
  }),
]

function mistake(
  name: string,
  kind: string,
  group: string,
  make: (recipe: Recipe) => void,
): ClientMistake {
  return { name, kind, group, make }
}
