import { createMac, getMac } from '../../src/index.ts'
import { listen } from './listen.ts'

/** A server that begins to serve when its database can be used; it prints its port. */
const mac = createMac({ database: process.env.DATABASE })
await mac.ready()
const { port } = await listen(mac.withMac((request) => new Response(getMac(request)?.user)))
console.log(port)
