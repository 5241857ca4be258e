import { listen } from '../http/listen.ts'
import { given } from '../setup/run-on.ts'
import { createMac } from '../withmac.ts'
import { CLIENT, FAILURES, type FloodServer, keyOf, NEIGHBOUR, REQUESTS, VICTIMS } from './scene.ts'

// A server whose clients are limited. It writes its port, and runs until it is killed.

const { database } = given<FloodServer>()
const mac = createMac({ database, rateLimit: { failures: FAILURES, requests: REQUESTS } })
for (const id of [CLIENT, NEIGHBOUR, ...VICTIMS]) {
  await mac.createCredential(id, { id, key: keyOf(id) })
}
const port = await listen(mac.withMac(() => new Response('hello')))
process.stdout.write(`${port}\n`)
