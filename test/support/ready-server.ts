import { createMac, getMac } from '../../src/index.ts'
import { listen } from './listen.ts'

/** Opens the database of the variable DATABASE, then serves, and prints its port. */
const mac = createMac({ database: process.env.DATABASE })
await mac.ready()
const { port } = await listen(mac.withMac((request) => new Response(getMac(request)?.user)))
console.log(port)
