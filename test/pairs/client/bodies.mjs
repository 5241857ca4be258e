import { createHash } from 'node:crypto'
import { createMacFetch, signHeaders, signRequest } from 'withmac/client'
import { check, outcome } from './checks.mjs'

const LARGEST = 1_048_576

/** Checks bound bodies: empty, large, streamed, and changed on the way. */
export async function bodies({ credential, at }) {
  const macFetch = createMacFetch(credential, { body: true, ext: 'a,b' })
  const large = new Uint8Array(LARGEST).fill(0x61)
  for (const [what, body, bytes = body] of [
    ['none', undefined, ''],
    ['an empty one', ''],
    ['a string', 'hello é'],
    ['bytes', new Uint8Array([0, 255, 10])],
    ['a Blob', new Blob(['hello']), 'hello'],
    ['a form', new URLSearchParams({ a: 'b c' }), 'a=b+c'],
    ['the largest', large],
  ]) {
    const init = { method: 'POST', body }
    const request = new Request(at.bound, init)
    const answers = {
      macFetch: macFetch(at.bound, init),
      'macFetch of a Request': macFetch(request),
    }
    for (const [how, answer] of Object.entries(answers))
      await isBound(`${what}, ${how}`, answer, bytes)
  }
  const init = () => ({ method: 'POST', body: streamOf(['one', 'two']), duplex: 'half' })
  await isBound('a stream', macFetch(at.bound, init()), 'onetwo')
  await isBound('a stream in a Request', macFetch(new Request(at.bound, init())), 'onetwo')
  const signed = await signRequest(new Request(at.bound, init()), credential, { body: true })
  check('signRequest', await outcome(fetch(signed)), 200)
  const post = { method: 'POST', body: 'hello' }
  const headers = signHeaders({ url: at.bound, ...post }, credential)
  check('signHeaders', await outcome(fetch(at.bound, { ...post, headers })), 200)

  const unbound = createMacFetch(credential)
  check('not bound', await outcome(unbound(at.bound, post)), '401 ERR_MAC_BODY_MISSING')
  const changing = (change) =>
    createMacFetch(credential, {
      body: true,
      fetch: (input, { body: _, ...rest }) => fetch(input, { ...rest, body: change }),
    })
  const [mismatch, tooLarge] = ['401 ERR_MAC_BODY_MISMATCH', '413 ERR_MAC_BODY_TOO_LARGE']
  for (const change of ['hellp', 'hello ', '', new Uint8Array(LARGEST)]) {
    check('changed', await outcome(changing(change)(at.bound, post)), mismatch)
  }
  const over = { method: 'POST', body: new Uint8Array(LARGEST + 1) }
  check('too large', await outcome(macFetch(at.bound, over)), tooLarge)
  // If the server does not check bodies, the digest is an ordinary part of ext.
  check('a server that ignores it', await outcome(macFetch(at.required, post)), 200)
}

async function isBound(what, answer, body) {
  const response = await answer
  const got = response.status === 200 ? await response.json() : await response.text()
  const { bodyVerified, ext, sha256 } = got
  const expected = createHash('sha256').update(body).digest('base64')
  check(what, [response.status, bodyVerified, ext, sha256], [200, true, 'a,b', expected])
}

function streamOf(texts) {
  return new ReadableStream({
    pull(controller) {
      const text = texts.shift()
      if (text === undefined) controller.close()
      else controller.enqueue(new TextEncoder().encode(text))
    },
  })
}
