import { createMac } from 'withmac'
import { HANDLERS } from './handlers.mjs'

/*
 * A server process. Its only argument has the adapter, database, credentials, certificate and handlers, as
 * JSON. Each handler gets its own port, because requests of the suite have any path and any host. The process
 * prints the ports.
 */

const config = JSON.parse(process.argv[2])
const { adapter, database, handlers, plain = [], credentials = [], tls = null } = config

// Not a static import of all: an adapter may need what this runtime does not have.
const { listen, requestTarget } = await import(`./adapters/${adapter}.mjs`)
const mac = database === undefined ? null : createMac({ database })
for (const { user, ...options } of credentials) {
  await mac.createCredential(user, { ...options, expires: null, ifExists: 'keep' })
}
const peer = { mac: null, handler: null }
const ports = {}
for (const name of [...handlers, ...plain]) {
  const handler = HANDLERS[name]({ ...config, mac, peer, requestTarget })
  ports[name] = await listen(handler, plain.includes(name) ? null : tls)
}
console.log(JSON.stringify(ports))
