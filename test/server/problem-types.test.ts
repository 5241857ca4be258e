import { createMac } from '../../src/index.ts'
import { problemSlug, problemTypes } from '../../src/protocol/problem-type.ts'
import { createTestMac } from '../../src/testing/index.ts'
import { expect, test } from '../support/runner.ts'

const BASE = 'https://docs.example.com/errors/'

test.each([[BASE], ['/errors/'], ['/'], ['http://localhost:8080/a/b/'], ['https://[::1]/']])(
  'problemTypes: %p is the start of each type',
  async (problemTypes) => {
    const onReject = () => {}
    const { mac, signedRequest } = await createTestMac({ problemTypes, onReject })
    const app = mac.withMac(() => new Response(), { scope: 'orders:read' })
    const typeOf = async (request: Request) => (await (await app(request)).json()).type
    expect(await typeOf(new Request('http://localhost/'))).toBe(`${problemTypes}missing`)
    expect(await typeOf(await signedRequest('/'))).toBe(`${problemTypes}scope`)
    await mac.close()
  },
)

test.each([
  ...['', 'errors/', '//docs.example.com/errors/', '/\\docs.example.com/', 'docs.example.com/'],
  ...['ftp://docs.example.com/', 'urn:problem-type:mine:', 'javascript:alert(1)//', 'https:///'],
  ...['https://docs.example.com', 'https://docs.example.com/errors', '/errors', '/errors/#', '/?/'],
  ...['https://ada:secret@docs.example.com/', 'https://a b/', '/a b/', '/ä/', '/a"/', '/a\n/'],
  ...['https://host:99999/', `/${'a'.repeat(500)}/`, 5, null, true, new URL(BASE)],
])('problemTypes: %p is a TypeError', (wrong) => {
  expect(() => createMac({ problemTypes: wrong as string })).toThrow(
    /^withmac: .*problemTypes: must be an http/,
  )
  expect(() => problemTypes(wrong)).toThrow(TypeError)
})

test('the end of a type is the code in lower case with hyphens', () => {
  expect(problemSlug('ERR_MAC_BODY_TOO_LARGE')).toBe('body-too-large')
})
