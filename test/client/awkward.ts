import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const file = join(import.meta.dirname, '../vectors/awkward-urls.json')
const { targets, methods } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string[]>
const characters = Array.from({ length: 0x100 }, (_, code) => String.fromCharCode(code))

/** Text after the authority of a URL: everything that parsers are known to differ on, and every character. */
export const TARGETS: readonly string[] = [
  ...(targets ?? []),
  `/${'a'.repeat(5000)}?${'b'.repeat(1000)}`,
  ...characters.map((character) => `/a${character}b`),
  ...characters.map((character) => `/?a${character}b`),
]

export const METHODS: readonly string[] = [...(methods ?? []), 'A'.repeat(64), 'A'.repeat(65)]

export const UNSIGNABLE_URLS: readonly (readonly [url: string, reason: string])[] = [
  ['/relative', 'is not an absolute URL'],
  ['http://', 'is not an absolute URL'],
  ['ftp://example.com/', 'ftp: cannot be signed'],
  ['data:,x', 'data: cannot be signed'],
  [
    'wss://example.com:8443/chat?token=x',
    'Sign https://example.com:8443/… instead of wss://example.com:8443/…',
  ],
  ['ws://example.com/', 'Sign http://example.com/… instead of ws://example.com/…'],
  ['WSS://user:pw@EXAMPLE.com:443/', 'Sign https://example.com/… instead of wss://example.com/…'],
  ['http://user:pw@example.com/', 'user name or password'],
  ['http://user@example.com/', 'user name or password'],
  ['http://:pw@example.com/', 'user name or password'],
  ['http://a!b.example/', 'it is not a host name'],
  ['http://a..example/', 'it is not a host name'],
  ['http://example.com:0/', 'the port is not a number from 1 to 65535'],
]
