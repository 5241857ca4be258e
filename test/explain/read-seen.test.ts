import { readSeenRequest } from '../../src/explain/read-seen.ts'
import { describe, expect, test } from '../support/runner.ts'

const HEADER = 'MAC id="ada", ts="1790000000", nonce="dj83hs9s", ext="a, b=c", mac="AAAA"'
const REQUEST = {
  method: 'GET',
  url: 'http://127.0.0.1:8099/a%20b?x=1',
  target: '/a%20b?x=1',
  headers: { host: '127.0.0.1:8099', authorization: HEADER },
}

const CURL = `  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current
                                 Dload  Upload   Total   Spent    Left  Speed
  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0*   Trying 127.0.0.1:8099...
* Connected to 127.0.0.1 (127.0.0.1) port 8099 (#0)
> GET /a%20b?x=1 HTTP/1.1
> Host: 127.0.0.1:8099
> User-Agent: curl/7.88.1
> Accept: */*
> Authorization: ${HEADER}
> Cookie: session=secret
> 
< HTTP/1.1 401 Unauthorized
< WWW-Authenticate: MAC error="The nonce was used before."
< Date: Mon, 21 Sep 2026 14:13:20 GMT
< 
{ [2 bytes data]
* Connection #0 to host 127.0.0.1 left intact
{"type":"urn:problem-type:withmac:replay","status":401,"code":"ERR_MAC_REPLAY","reference":"0123abcxyz"}`

describe('the output of curl -v', () => {
  test('gives the request, with time and code of the answer, and without cookies', () => {
    const code = 'ERR_MAC_REPLAY'
    const answer = { receivedAt: 1_790_000_000, code, reference: '0123abcxyz' }
    expect(readSeenRequest(CURL)).toEqual({ ...REQUEST, ...answer })
    expect(readSeenRequest(CURL.replaceAll('\n', '\r\n'))).toEqual({ ...REQUEST, ...answer })
  })

  test('gives the code if the operator set another start of the types', () => {
    const other = CURL.replace('urn:problem-type:withmac:', 'https://docs.example.com/errors/')
    expect(readSeenRequest(other)).toMatchObject({ code: 'ERR_MAC_REPLAY' })
  })

  test('gives the scheme https if it shows TLS', () => {
    const tls = CURL.replace('> GET', '* SSL connection using TLSv1.3\n> GET')
    expect(readSeenRequest(tls).url).toBe('https://127.0.0.1:8099/a%20b?x=1')
    const again = `${tls}\n* Re-using existing connection\n> GET /b HTTP/1.1\n> Host: a.example\n> Authorization: ${HEADER}`
    expect(readSeenRequest(again).url).toBe('https://a.example/b')
    const other = again.replace('* Re-using existing', '* Connected to a.example\n* another')
    expect(readSeenRequest(other).url).toBe('http://a.example/b')
  })

  test('may be of HTTP/2', () => {
    const text = `* ALPN: server accepted h2\n> GET /x HTTP/2\n> Host: a.example\n> authorization: ${HEADER}\n>`
    expect(readSeenRequest(text)).toMatchObject({ method: 'GET', url: 'https://a.example/x' })
  })

  test('gives the last request with credentials, if there are several', () => {
    const redirected = `${CURL}\n> GET /elsewhere HTTP/1.1\n> Host: other.example\n>`
    expect(readSeenRequest(redirected)).toMatchObject(REQUEST)
  })
})

describe('the head of a request', () => {
  const head = `GET /a%20b?x=1 HTTP/1.1\r\nHost: 127.0.0.1:8099\r\nAuthorization: ${HEADER}\r\n`

  test('gives the request, with or without a body', () => {
    expect(readSeenRequest(head)).toEqual(REQUEST)
    expect(readSeenRequest(`${head}\r\nHost: of the body`)).toEqual(REQUEST)
    expect(readSeenRequest(head.replaceAll('\r', ''))).toEqual(REQUEST)
  })

  test('has its repeated fields joined, as servers do', () => {
    const { headers } = readSeenRequest(`${head}Authorization: Basic eA==\r\n`)
    expect(headers.authorization).toBe(`${HEADER}, Basic eA==`)
  })

  test('is not accepted without a host', () => {
    expect(() => readSeenRequest('GET / HTTP/1.1\nAccept: */*')).toThrow(/lacks the host/)
  })
})

describe('JSON gives the request', () => {
  const { target: _, ...plain } = REQUEST

  test.each([
    ['as an object', plain],
    ['as a report', { report: plain, level: 40 }],
    ['as req', { time: 1, req: plain }],
    ['with header fields in pairs', { ...plain, headers: Object.entries(plain.headers) }],
    [
      'with names in any case',
      { ...plain, headers: { Host: '127.0.0.1:8099', AUTHORIZATION: HEADER } },
    ],
    ['with lists of values', { ...plain, headers: { ...plain.headers, authorization: [HEADER] } }],
    [
      'with the header at the top level',
      { method: 'GET', url: plain.url, host: '127.0.0.1:8099', authorization: HEADER },
    ],
  ])('%s', (_name, object) => {
    expect(readSeenRequest(JSON.stringify(object))).toEqual(plain)
    expect(readSeenRequest(`\uFEFF ${JSON.stringify(object, null, 2)}\n`)).toEqual(plain)
  })

  test('with the other fields of a report, and only the header fields that matter', () => {
    const more = {
      target: '/a b',
      receivedAt: 1.5,
      code: 'ERR_MAC_MISMATCH',
      reference: 'abc',
      settings: { origin: 'https://a.example', windowSeconds: 60 },
    }
    const headers = { ...plain.headers, cookie: 'secret', 'x-forwarded-host': 'a.example' }
    expect(readSeenRequest(JSON.stringify({ ...plain, ...more, headers }))).toEqual({
      ...plain,
      ...more,
      headers: { ...plain.headers, 'x-forwarded-host': 'a.example' },
    })
  })

  test.each([
    ['{"method":"GET"', 'starts like JSON, but is not valid JSON'],
    ['{"url":"http://a.example/"}', 'lacks the method'],
    ['{"method":"GET","headers":{}}', 'lacks the URL'],
    ['{"method":"GET","url":"/x"}', 'lacks the host'],
    ['{"method":"GET","url":"ftp://x"}', 'neither an absolute http URL nor a path'],
  ])('not if it is %s: %s', (json, message) => {
    expect(() => readSeenRequest(json)).toThrow(message)
  })
})

describe('a log line gives the request', () => {
  const { target: _, ...plain } = REQUEST
  const escaped = HEADER.replaceAll('"', '\\"')

  test.each([
    [
      'with escaped quotes',
      `level=warn method=GET url="${plain.url}" host=127.0.0.1:8099 authorization="${escaped}"`,
    ],
    [
      'with quotes as they are',
      `method=GET url=${plain.url} authorization="${HEADER}" host=127.0.0.1:8099`,
    ],
    [
      'with single quotes',
      `authorization='${HEADER}' method=GET url=${plain.url} host="127.0.0.1:8099"`,
    ],
    ['without quotes', `authorization=${HEADER} host=127.0.0.1:8099 url=${plain.url} method=GET`],
    [
      'among other lines',
      `started\nmethod=GET url=${plain.url} host=127.0.0.1:8099 authorization="${HEADER}"\nended`,
    ],
  ])('%s', (_name, line) => {
    expect(readSeenRequest(line)).toEqual(plain)
  })

  test('of target and host, or of a request line, with time and code', () => {
    const more = { receivedAt: 1_790_000_000, code: 'ERR_MAC_REPLAY' }
    const line = `time=2026-09-21T14:13:20Z code=ERR_MAC_REPLAY host=127.0.0.1:8099 authorization="${HEADER}"`
    expect(readSeenRequest(`${line} method=GET target=/a%20b?x=1`)).toEqual({ ...REQUEST, ...more })
    expect(readSeenRequest(`${line} "GET /a%20b?x=1 HTTP/1.1"`)).toEqual({ ...REQUEST, ...more })
    expect(
      readSeenRequest(`${line.replace('2026-09-21T14:13:20Z', '1790000000')} method=GET uri=/`),
    ).toMatchObject(more)
  })

  test('with its forwarded fields', () => {
    const line = `method=GET url=${plain.url} x_forwarded_proto=https authorization="${HEADER}"`
    expect(readSeenRequest(line).headers).toEqual({
      'x-forwarded-proto': 'https',
      authorization: HEADER,
    })
  })

  test.each([
    ['method=GET url=http://a.example/', 'lacks the header authorization='],
    [`authorization="${HEADER}" url=http://a.example/`, 'lacks the method'],
    [`authorization="${HEADER}" method=GET`, 'lacks the URL'],
    [`authorization="${HEADER}" method=GET path=/x`, 'lacks the host'],
  ])('not if it is %s: %s', (line, message) => {
    expect(() => readSeenRequest(line)).toThrow(message)
  })
})

test.each([[''], ['   '], ['hello'], ['[]'], ['null'], ['<html>']])(
  'a text that is not a request throws an error that names the known forms: %j',
  (text) => {
    expect(() => readSeenRequest(text)).toThrow(
      /JSON with method, url and headers; the output of curl -v/,
    )
  },
)

test('a text of more than 1 MiB is not accepted', () => {
  expect(() => readSeenRequest(' '.repeat(1_048_577))).toThrow('at most 1 MiB')
})
