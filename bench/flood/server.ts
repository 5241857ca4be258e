import { randomBytes, scrypt } from 'node:crypto'
import { listen } from '../http/listen.ts'
import { given } from '../setup/run-on.ts'
import { createMac } from '../withmac.ts'
import { CLIENT, FAILURES, type FloodServer, keyOf, NEIGHBOUR, REQUESTS, VICTIMS } from './scene.ts'

// A server whose clients are limited, and which may hash passwords without a pause. It writes its port, and
// runs until it is killed. Its answer is how many passwords it has hashed.

const { database, scrypts } = given<FloodServer>()
const mac = createMac({ database, rateLimit: { failures: FAILURES, requests: REQUESTS } })
for (const id of [CLIENT, NEIGHBOUR, ...VICTIMS]) {
  await mac.createCredential(id, { id, key: keyOf(id) })
}
let hashed = 0
const port = await listen(mac.withMac(() => new Response(String(hashed))))
for (let at = 0; at < scrypts; at++) hash()
process.stdout.write(`${port}\n`)

/** One password after the other, in the runtime's pool of threads. */
function hash(): void {
  scrypt('a password', randomBytes(16), 32, (error) => {
    if (error) throw error
    hashed++
    hash()
  })
}
