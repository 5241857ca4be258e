import { readFileSync } from 'node:fs'
import { bodies } from './bodies.mjs'
import { attempt, takeResult } from './checks.mjs'
import { clocks } from './clocks.mjs'
import { redirects } from './redirects.mjs'
import { requests } from './requests.mjs'
import { secure } from './secure.mjs'
import { urls } from './urls.mjs'

/*
 * The client process of one runtime. It signs requests to the servers of all runtimes. Its argument is JSON.
 * It prints one line with the results for each server.
 */

const { credential, servers, vectors } = JSON.parse(process.argv[2])
const { targets } = JSON.parse(readFileSync(vectors, 'utf8'))
for (const { name, ports } of servers) {
  const at = Object.fromEntries(
    Object.entries(ports).map(([handler, port]) => [
      handler,
      handler === 'secure' ? `https://localhost:${port}` : `http://127.0.0.1:${port}`,
    ]),
  )
  const shared = { credential, at, targets }
  await attempt('URLs', () => urls(shared))
  await attempt('requests', () => requests(shared))
  await attempt('redirects', () => redirects(shared))
  await attempt('clocks', () => clocks(shared))
  await attempt('bodies', () => bodies(shared))
  await attempt('over TLS', () => secure(shared))
  console.log(JSON.stringify({ server: name, ...takeResult() }))
}
process.exit(0)
