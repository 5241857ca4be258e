import { BODY } from '../http/kinds.ts'
import { listen } from '../http/listen.ts'
import { given } from '../setup/run-on.ts'
import { createMac } from '../withmac.ts'
import { type Stores, storeOptions } from './stores.ts'

// One of several servers that share their stores. It prints its port, and runs until it is killed.

const mac = createMac(storeOptions(given<Stores>()))
await mac.ready()
const port = await listen(mac.withMac(() => new Response(BODY)))
process.stdout.write(`${port}\n`)
