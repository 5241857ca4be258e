import { Loopback } from '../../src/cli/admin/loopback.ts'
import { rawRequest, sendRaw } from '../support/raw.ts'
import { expect, test } from '../support/runner.ts'

/** A server that is closed at the end of its scope, and the errors of its handler. */
async function serving(handler: (request: Request) => Promise<Response>) {
  const server = await Loopback.open(0)
  const failures: unknown[] = []
  server.serve(handler, (error) => failures.push(error))
  const { origin, port } = server
  return { origin, port, failures, [Symbol.asyncDispose]: () => server.close() }
}

test('the handler gets the request as it was sent, and the client gets its response', async () => {
  await using server = await serving(async (request) => {
    const { method, url, headers } = request
    const seen = [method, url, headers.get('x-a'), headers.get('cookie'), await request.text()]
    const response = new Response(JSON.stringify(seen), { status: 201, headers: { 'x-b': 'c' } })
    response.headers.append('set-cookie', 'a=1; Path=/')
    response.headers.append('set-cookie', 'b=2; Path=/')
    return response
  })
  const response = await fetch(`${server.origin}/a/%2e?b=c%20d`, {
    ...{ method: 'PUT', body: 'ä', headers: { 'x-a': '1', cookie: 'c=d' } },
  })
  expect(response.status).toBe(201)
  expect(response.headers.get('x-b')).toBe('c')
  expect(response.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2; Path=/'])
  const url = `${server.origin}/a/?b=c%20d`
  expect(await response.json()).toEqual(['PUT', url, '1', 'c=d', 'ä'])
})

test('an error of the handler is a 500 that does not say why, and the caller learns it', async () => {
  await using server = await serving(() => Promise.reject(new Error('secret')))
  const response = await fetch(server.origin)
  expect([response.status, await response.text()]).toEqual([
    500,
    'This failed. The terminal says why.\n',
  ])
  expect(server.failures).toEqual([new Error('secret')])
})

test('a large response arrives whole, and HEAD gets its head', async () => {
  const chunk = new Uint8Array(65_536).fill(120)
  await using server = await serving(async () => {
    let left = 64
    const body = new ReadableStream({
      pull(controller) {
        if (left-- > 0) controller.enqueue(chunk)
        else controller.close()
      },
    })
    return new Response(body, { headers: { 'x-a': '1' } })
  })
  const whole = await (await fetch(server.origin)).arrayBuffer()
  expect(whole.byteLength).toBe(64 * chunk.length)
  const head = await fetch(server.origin, { method: 'HEAD' })
  expect([head.headers.get('x-a'), await head.text()]).toEqual(['1', ''])
})

test('a client that goes away is no failure, and the handler can see it', async () => {
  const aborted = Promise.withResolvers<void>()
  await using server = await serving(async ({ signal }) => {
    signal.addEventListener('abort', () => aborted.resolve())
    return new Response(new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(65_536)) }))
  })
  const gone = new AbortController()
  const response = await fetch(server.origin, { signal: gone.signal })
  await response.body?.getReader().read()
  gone.abort()
  await aborted.promise
  expect(server.failures).toEqual([])
})

test.each([
  ['OPTIONS *', 400],
  ['GET http://127.0.0.1/', 400],
  ['GET /', 200],
])('%s is answered %i', async (line, status) => {
  await using server = await serving(async () => new Response('ok'))
  const { port } = server
  const answer = await sendRaw(port, rawRequest(line, [`Host: 127.0.0.1:${port}`]))
  expect(answer.status).toBe(status)
})
