// wrangler deploy workers/client.ts
import { createMacFetch } from 'withmac/client'

interface Env {
  ORDERS_URL: string
  MAC_ID: string
  MAC_KEY: string
}

export default {
  fetch(_request: Request, { ORDERS_URL, MAC_ID: id, MAC_KEY: key }: Env): Promise<Response> {
    return createMacFetch({ id, key, algorithm: 'hmac-sha-256' })(ORDERS_URL)
  },
}
