import { KeptBody } from '../../src/client/payload.ts'
import { expect, test } from '../support/runner.ts'

/** A request whose body comes as it is pushed, and what is still wanted of it. */
function pushing() {
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given
    },
  })
  const init = { method: 'POST', body, duplex: 'half' } as RequestInit
  const request = new Request('http://example.com/', init)
  return {
    request,
    push: (text: string) => controller?.enqueue(new TextEncoder().encode(text)),
    controller,
  }
}

const textOf = (kept: KeptBody) =>
  kept.bytes === null ? null : new TextDecoder().decode(kept.bytes)

test('a body is there again once all of it was read, and not before', async () => {
  const { request, push, controller } = pushing()
  const kept = new KeptBody(request)
  const reader = (request.body as ReadableStream<Uint8Array>).getReader()
  push('one')
  await reader.read()
  expect(textOf(kept)).toBeNull()
  push('two')
  await reader.read()
  ;(controller as unknown as ReadableStreamDefaultController).close()
  await reader.read()
  await settled()
  expect(textOf(kept)).toBe('onetwo')
  expect(textOf(kept)).toBe('onetwo')
})

test('what is dropped is gone, and the one who sends it still gets all', async () => {
  const { request, push, controller } = pushing()
  const kept = new KeptBody(request)
  push('one')
  kept.drop()
  push('two')
  ;(controller as unknown as ReadableStreamDefaultController).close()
  expect(await request.text()).toBe('onetwo')
  await settled()
  expect(textOf(kept)).toBeNull()
})

test('a body that breaks off is not kept', async () => {
  const { request, push, controller } = pushing()
  const kept = new KeptBody(request)
  push('one')
  ;(controller as unknown as ReadableStreamDefaultController).error(new Error('broken'))
  await expect(request.text()).rejects.toThrow()
  await settled()
  expect(textOf(kept)).toBeNull()
})

/** Lets what was read reach the copy. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
