// Everything that withmac/client exports, in Workers. Answers with what came of it.
import { createMacFetch, signHeaders, signRequest } from 'withmac/client'

interface Env {
  ORDERS_URL: string
  MAC_ID: string
  MAC_KEY: string
}

export default {
  async fetch(_request: Request, { ORDERS_URL: url, MAC_ID: id, MAC_KEY: key }: Env) {
    const order = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"item":"ø"}',
    }
    const credential = { id, key }
    const bound = createMacFetch(credential, { body: true })
    const results: Record<string, unknown> = {}

    results.bodies = [
      await answerOf(await bound(url, order)),
      await answerOf(await bound(new Request(url, order))),
      await answerOf(await createMacFetch(credential)(new Request(url, order))),
      await answerOf(await bound(url, { ...order, body: new Blob([order.body]).stream() })),
    ]

    const signed = await signRequest(new Request(url), credential)
    results.replay = [(await fetch(signed.clone())).status, await answerOf(await fetch(signed))]

    const headers = { ...signHeaders({ url }, { ...credential, algorithm: 'hmac-sha-256' }) }
    results.headers = (await fetch(url, { headers })).status

    const format = { name: 'HMAC', hash: 'SHA-256' }
    const bytes = new TextEncoder().encode(key)
    const kept = await crypto.subtle.importKey('raw', bytes, format, false, ['sign'])
    const anHourAgo = () => Date.now() / 1000 - 3600
    const late = createMacFetch({ id, key: kept }, { now: anHourAgo })
    results.clock = [(await late(url)).status, (await late(url)).status]

    const wrong = createMacFetch({ id, key: `${key}x` })
    results.wrong = await answerOf(await wrong(url))
    return Response.json(results)
  },
}

/** What the tests look at. */
async function answerOf(response: Response): Promise<unknown> {
  const { bodyVerified, code } = (await response.json()) as Record<string, unknown>
  return [response.status, bodyVerified ?? code]
}
