import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RUNTIMES } from '../runtimes/runtimes.mjs'
import { runtimeFor } from '../runtimes/setup/project.mjs'
import { start } from './process.mjs'
import { relay } from './relay.mjs'

const library = fileURLToPath(new URL('../..', import.meta.url))
/** The runtimes, and on Node the adapter to node:http. `raw` sets the option `requestTarget`. */
const PLACES = [
  { runtime: 'bun', adapter: 'bun', handlers: { plain: 'Bun' } },
  { runtime: 'deno', adapter: 'deno', handlers: { plain: 'Deno' } },
  {
    runtime: 'node-24',
    adapter: 'hono',
    handlers: { plain: 'Node', raw: 'Node, `requestTarget`' },
  },
]

/** Starts a server on each runtime, and relays before it. Returns them with the command of each runtime. */
export async function startServers({ cache, credentials, certificate, tls }) {
  if (!existsSync(join(library, 'dist/index.js'))) throw new Error('Run "npm run build" first.')
  const servers = []
  for (const { runtime: wanted, adapter, handlers } of PLACES) {
    const runtime = RUNTIMES.find(({ name }) => name === wanted)
    const binary = join(cache, wanted, runtime.binary)
    // Another check may be installing the library beside it, and must not be disturbed.
    if (!existsSync(binary)) await runtimeFor(runtime, { cache })
    const command = [binary, ...runtime.run]
    const file = join(library, 'test/foreign/servers/serve.mjs')
    const config = JSON.stringify({ adapter, credentials, certificate })
    const ports = await start([...command, file, config], { cwd: library }).next()
    for (const [handler, name] of Object.entries(handlers)) {
      const { title } = runtime
      const how = handler === 'raw' ? ' with requestTarget' : ''
      servers.push({ name, title, how, command, ...(await reached(handler, ports, tls)) })
    }
  }
  return servers
}

async function reached(handler, ports, tls) {
  const relays = {}
  for (const [name, served] of Object.entries({ plain: ports[handler], digest: ports.digest })) {
    relays[name] = { http: await relay(served.http), https: await relay(served.https, tls) }
  }
  /** The report of the last request that was rejected. */
  const report = async () => (await fetch(`http://127.0.0.1:${ports.report}`)).json()
  return { relays, report }
}
