const characters = Array.from({ length: 0x100 }, (_, code) => String.fromCharCode(code))

/** What may stand behind an authority: all that parsers are known to differ on, and every character. */
export const TARGETS: readonly string[] = [
  ...[
    '',
    '/',
    '?',
    '/?',
    '#',
    '/#',
    '/x?',
    '/x?#f',
    '/x#f',
    '/x?a#f?g',
    '/??',
    '/?a?b',
    '?x',
    '?^',
  ],
  ...[
    '//double',
    '//double//x?y',
    '//',
    '///',
    '/.//x',
    '/..//x',
    '/%2e//x',
    '/a//b',
    '/?//',
    '//x?',
  ],
  ...['/a/../b', '/./a', '/%2e%2e/b', '/a/%2E/b', '/.', '/..', '/...', '/\\x', '\\x', '/a\\..\\b'],
  ...['/%2F', '/%2f', '/%7E', '/~', '/%zz', '/?%zz', '/%', '/?%', '/%C3%A9', '/é', '/?é', '/😀'],
  ...['/\ud800', '/?\ud800', '/x ', '/x\n', '/x\ty', '//@x', '/@x', '//user:p@h/x', '/http://x/'],
  ...['/^?^', '/a^b', "/'?'", '/{a}?{a}', '/;x=y', '/a+b?a+b', '/a|b?a|b', '/[a]?[a]', '/!$&()*,'],
  `/${'a'.repeat(5000)}?${'b'.repeat(1000)}`,
  ...characters.map((character) => `/a${character}b`),
  ...characters.map((character) => `/?a${character}b`),
]

export const METHODS: readonly string[] = [
  ...[
    'GET',
    'get',
    'Get',
    'HEAD',
    'head',
    'POST',
    'post',
    'Post',
    'PUT',
    'put',
    'DELETE',
    'delete',
  ],
  ...['OPTIONS', 'options', 'PATCH', 'patch', 'Patch', 'QUERY', 'query', 'FOO', 'foo', 'M-SEARCH'],
  ...['m-search', 'PROPFIND', 'propfind', 'TRACE', 'trace', 'CONNECT', 'TRACK', 'MKCOL', 'LOCK'],
  ...['PURGE', "A!#$%&'*+.^_`|~-1", 'A'.repeat(64), 'A'.repeat(65), 'a b', '', 'GÉT'],
]

export const URLS_THAT_ARE_REFUSED: readonly (readonly [url: string, reason: string])[] = [
  ['/relative', 'is no absolute URL'],
  ['http://', 'is no absolute URL'],
  ['ftp://example.com/', 'ftp: cannot be signed'],
  ['data:,x', 'data: cannot be signed'],
  ['http://user:pw@example.com/', 'user name or password'],
  ['http://user@example.com/', 'user name or password'],
  ['http://:pw@example.com/', 'user name or password'],
  ['http://a!b.example/', 'it is no host name'],
  ['http://a..example/', 'it is no host name'],
  ['http://example.com:0/', 'the port is not a number from 1 to 65535'],
]
