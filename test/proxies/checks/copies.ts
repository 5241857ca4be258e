import { HTTP } from '../client.ts'
import type { Lab } from '../lab.ts'
import { FAULT_FIELD } from '../recorder.ts'

/** How many copies of one request reached the servers, by method. */
export type Copies = Readonly<Record<'GET' | 'POST', number>>

/**
 * Sends requests to servers that close the connection without an answer: first on a new connection, then on one
 * that the proxy kept. Returns the most copies that arrived.
 *
 * @param restart Starts the proxy again, so that it forgets which servers failed.
 */
export async function checkCopies(lab: Lab, restart: () => Promise<void>): Promise<Copies> {
  const copies = { GET: 0, POST: 0 }
  for (const method of ['GET', 'POST'] as const) {
    for (const kept of [false, true]) {
      const sent = { entry: HTTP, method, target: lab.outside('/once') }
      // Two, because there may be two servers, which take turns.
      if (kept) for (const _ of [1, 2]) await lab.send(lab.originOptions(HTTP), sent)
      const headers = { [FAULT_FIELD]: 'close' }
      const { arrived } = await lab.send(lab.originOptions(HTTP), { ...sent, headers })
      copies[method] = Math.max(copies[method], arrived.length)
      const { answer } = await lab.send(lab.originOptions(HTTP), sent)
      if (answer.status !== 200) await restart()
    }
  }
  return copies
}
