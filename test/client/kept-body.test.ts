import { KeptBody } from '../../src/client/payload.ts'
import { expect, test } from '../support/runner.ts'

/** A request with a stream as body, and functions that push text into it. */
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

test('keeps a body after it was read to its end, and not before', async () => {
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

test('forgets a body after drop, and the sender still gets all of it', async () => {
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

test('does not keep a body that fails', async () => {
  const { request, push, controller } = pushing()
  const kept = new KeptBody(request)
  push('one')
  ;(controller as unknown as ReadableStreamDefaultController).error(new Error('broken'))
  await expect(request.text()).rejects.toThrow()
  await settled()
  expect(textOf(kept)).toBeNull()
})

/** Waits until the copy has what was read. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
