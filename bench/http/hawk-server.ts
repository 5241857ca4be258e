import { createServer } from 'node:http'
import hawk from 'hawk'
import { ID, KEY } from '../signing/request.ts'
import { BODY, WINDOW_SECONDS } from './kinds.ts'

/** Serves with Hawk on node:http. @returns The port. */
export function listenWithHawk(): Promise<number> {
  const credentials = { id: ID, key: KEY, algorithm: 'sha256' } as const
  const known = new Map([[ID, credentials]])
  const find = async (id: string) => known.get(id) ?? null
  const seen = new Set<string>()
  const nonceFunc = async (_key: string, nonce: string, ts: string) => {
    const name = `${ts} ${nonce}`
    if (seen.has(name)) throw new Error('seen before')
    seen.add(name)
  }
  const options = { timestampSkewSec: WINDOW_SECONDS, nonceFunc }
  const server = createServer((request, response) => {
    hawk.server.authenticate(request, find, options).then(
      () => response.end(BODY),
      () => {
        response.statusCode = 401
        response.end()
      },
    )
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}
