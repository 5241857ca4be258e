import { randomBytes, scrypt } from 'node:crypto'
import { listen } from '../http/listen.ts'
import { given } from '../setup/run-on.ts'
import { createMac } from '../withmac.ts'
import { CLIENT, FAILURES, type FloodServer, keyOf, NEIGHBOUR, REQUESTS, VICTIMS } from './scene.ts'

// A server with rate limits, which may also hash passwords without a pause. It prints its port, and runs until
// it is killed. It answers with the number of passwords that it has hashed.

const { database, scrypts } = given<FloodServer>()
const mac = createMac({ database, rateLimit: { failures: FAILURES, requests: REQUESTS } })
for (const id of [CLIENT, NEIGHBOUR, ...VICTIMS]) {
  await mac.createCredential(id, { id, key: keyOf(id) })
}
let hashed = 0
const port = await listen(mac.withMac(() => new Response(String(hashed))))
for (let at = 0; at < scrypts; at++) hash()
process.stdout.write(`${port}\n`)

/** Hashes one password after the other, in the thread pool of the runtime. */
function hash(): void {
  scrypt('a password', randomBytes(16), 32, (error) => {
    if (error) throw error
    hashed++
    hash()
  })
}
