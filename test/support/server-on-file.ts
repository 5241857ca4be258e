import { setImmediate } from 'node:timers/promises'
import { createMac, type Mac, type MacOptions } from '../../src/index.ts'
import type { Clock } from './clock.ts'
import { outcome } from './outcome.ts'
import { signed } from './sign.ts'

const KEY = { id: 'ada', key: 'a-key-that-holds-128-bits' }

/** A server on a database file, with its own clock and one credential. */
export interface ServerOnFile {
  readonly mac: Mac
  /** Sends a signed request, and waits for the cleanup after it. @returns Its outcome. */
  send(ts: number, nonce: string): Promise<string>
}

export async function serverOnFile(
  path: string,
  clock: Clock,
  options: MacOptions = {},
): Promise<ServerOnFile> {
  const mac = createMac({ database: `sqlite:${path}`, now: clock.now, ...options })
  const app = mac.withMac(() => new Response())
  await mac.createCredential('ada', { ...KEY, expires: null, ifExists: 'keep' })
  const request = (ts: number, nonce: string) => signed(KEY, 'http://example.com/a', { ts, nonce })
  return {
    mac,
    async send(ts, nonce) {
      const answer = await outcome(app(request(ts, nonce)))
      await setImmediate()
      await setImmediate()
      return answer
    },
  }
}
