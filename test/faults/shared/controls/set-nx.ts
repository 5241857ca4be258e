import { createClient } from 'redis'
import type { MacOptions } from '../../../../src/index.ts'
import type { Control } from '../fault.ts'
import type { RedisServer } from '../redis/redis-server.ts'
import type { ServedMac } from '../server/serve.ts'

/** What many write first: a key for each nonce, which expires with the window. */
export const setNx: Control<RedisServer> = {
  name: 'a bare SET NX',
  breaks: 'once',
  entry: import.meta.filename,
}

/** Makes a server that checks the timestamp and the nonce, and nothing else. */
export function createMac(options: MacOptions): ServedMac {
  const { nonces, windowSeconds = 300, now = () => Date.now() / 1000 } = options
  const client = createClient({ url: String(nonces), disableOfflineQueue: true })
  client.on('error', () => {})
  const verify = async (request: Request) => {
    const header = request.headers.get('authorization') ?? ''
    const ts = Number(/ts="(\d+)"/.exec(header)?.[1])
    const nonce = /nonce="([^"]+)"/.exec(header)?.[1] ?? ''
    const clock = Math.floor(now())
    if (Math.abs(clock - ts) > windowSeconds) return rejected(401, 'TIMESTAMP')
    try {
      const until = String(ts + windowSeconds + 1)
      const set = await client.sendCommand([
        'SET',
        `nonce:${ts}:${nonce}`,
        '1',
        'NX',
        'EXAT',
        until,
      ])
      return set === null ? rejected(401, 'REPLAY') : { ok: true, identity: { nonce } }
    } catch {
      return rejected(503, 'STORE')
    }
  }
  return {
    ready: async () => void (await client.connect()),
    verify,
    createCredential: async () => ({ id: 'ada' }),
    revokeCredential: async () => {},
    prune: async () => 0,
    close: async () => client.destroy(),
  } as unknown as ServedMac
}

function rejected(status: number, code: string) {
  return { ok: false, error: { status, code: `ERR_MAC_${code}`, message: '' } }
}
