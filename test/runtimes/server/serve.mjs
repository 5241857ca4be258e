import { createMac } from 'withmac'
import { HANDLERS } from './handlers.mjs'

/*
 * A server process. Its one argument says, as JSON, which adapter, database, credentials and certificate it
 * has, and which handlers: each gets a port of its own, since requests of the suite have any path and
 * any host. It prints the ports.
 */

const config = JSON.parse(process.argv[2])
const { adapter, database, handlers, plain = [], credentials = [], tls = null } = config

// Not a literal import of each: none may load what another runtime's server needs.
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
