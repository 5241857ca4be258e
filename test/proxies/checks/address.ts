import { HTTP } from '../client.ts'
import type { Lab } from '../lab.ts'

/**
 * By which address `rateLimit.failures` counts with `trustProxy`: that of the client; one that the client chose; or
 * one for all clients.
 */
export type CountedAddress = "the client's" | 'as the client says' | 'one for all'

let clients = 0

/** Fails as one client with changing forged addresses until it is limited, then fails as another one. */
export async function checkAddress(lab: Lab): Promise<CountedAddress> {
  const first = `127.0.1.${++clients}`
  const second = `127.0.2.${clients}`
  const fail = async (from: string, forged: string) => {
    const sent = { entry: HTTP, target: lab.outside('/fail'), from }
    const authorization = `MAC id="nobody", ts="1", nonce="${forged}", mac="AAAA"`
    const headers = { authorization, 'x-forwarded-for': forged }
    const { answer } = await lab.send('limited', { ...sent, headers })
    return answer.status
  }
  const statuses: number[] = []
  for (const at of [1, 2, 3, 4]) statuses.push(await fail(first, `198.51.${clients}.${at}`))
  if (!statuses.includes(429)) return 'as the client says'
  return (await fail(second, `198.51.${clients}.5`)) === 429 ? 'one for all' : "the client's"
}
