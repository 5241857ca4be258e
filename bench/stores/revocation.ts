import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { statusOf } from '../http/run-once.ts'
import type { Runtime } from '../setup/runtimes.ts'
import { type RunningServer, startServer } from '../setup/server.ts'
import { macField } from '../signing/mac-field.ts'
import { freshNonce, KEY, seconds, TARGET } from '../signing/request.ts'
import { createMac, type Mac } from '../withmac.ts'
import type { Engines } from './engines.ts'
import { newStores, type Shared, storeOptions } from './stores.ts'

/** What followed a revocation, in milliseconds after its answer. Negative: before it. */
export interface Revocation {
  /** When the last request began that was accepted. */
  readonly lastAcceptedBegan: number
  /** When the first rejection came. */
  readonly firstRejected: number
}

/** How many lines of requests each server gets. In a line, a request follows the answer of the one before. */
const LINES = 4
const PROCESSES = 2
/** How many requests of each line are accepted before the revocation. */
const ACCEPTED_BEFORE = 5

/**
 * Revokes credentials in this process, while two servers get requests with them. Throws if a request is accepted
 * that began after the answer.
 */
export async function measureRevocations(
  runtime: Runtime,
  kind: Shared,
  engines: Engines,
  count: number,
): Promise<Revocation[]> {
  const stores = await newStores(kind, engines)
  const mac = createMac(storeOptions(stores))
  const servers: RunningServer[] = []
  const agent = new Agent({ keepAlive: true, maxSockets: LINES })
  try {
    for (let at = 0; at < PROCESSES; at++) {
      servers.push(await startServer(runtime, 'stores/server.ts', stores, { core: null }))
    }
    const ports = servers.map(({ port }) => port)
    const revocations: Revocation[] = []
    for (let at = 0; at < count; at++) revocations.push(await revokeOnce(mac, ports, agent))
    return revocations
  } finally {
    agent.destroy()
    for (const server of servers) await server.stop()
    await mac.close()
  }
}

async function revokeOnce(mac: Mac, ports: readonly number[], agent: Agent): Promise<Revocation> {
  const id = freshNonce()
  await mac.createCredential('ada', { id, key: KEY })
  let answered = Number.POSITIVE_INFINITY
  let [lastAcceptedBegan, firstRejected] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  let linesReady = 0
  let ready = () => {}
  const allReady = new Promise<void>((resolve) => {
    ready = resolve
  })
  const line = async (port: number) => {
    for (let accepted = 0; ; ) {
      const field = macField(seconds(), id)
      const began = performance.now()
      const status = await statusOf(port, field, TARGET, agent)
      if (status === 200) {
        lastAcceptedBegan = Math.max(lastAcceptedBegan, began)
        if (++accepted === ACCEPTED_BEFORE && ++linesReady === LINES * ports.length) ready()
        continue
      }
      assert.equal(status, 401)
      firstRejected = Math.min(firstRejected, performance.now())
      if (began > answered) return
    }
  }
  const lines = ports.flatMap((port) => Array.from({ length: LINES }, () => line(port)))
  await allReady
  await mac.revokeCredential(id)
  answered = performance.now()
  await Promise.all(lines)
  assert.ok(lastAcceptedBegan < answered, 'a request that begins after the answer is rejected')
  return {
    lastAcceptedBegan: lastAcceptedBegan - answered,
    firstRejected: firstRejected - answered,
  }
}
