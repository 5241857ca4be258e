import { readFileSync } from 'node:fs'
import { bodies } from './bodies.mjs'
import { attempt, takeResult } from './checks.mjs'
import { clocks } from './clocks.mjs'
import { redirects } from './redirects.mjs'
import { requests } from './requests.mjs'
import { urls } from './urls.mjs'

/*
 * The client process of one runtime: signs requests to the servers of all. Its argument is JSON; each
 * line that it prints tells what it found at one server, and the last one how it went.
 */

const { credential, servers, vectors } = JSON.parse(process.argv[2])
const { targets } = JSON.parse(readFileSync(vectors, 'utf8'))
for (const { name, ports } of servers) {
  const at = Object.fromEntries(
    Object.entries(ports).map(([handler, port]) => [handler, `http://127.0.0.1:${port}`]),
  )
  const shared = { credential, at, targets }
  await attempt('URLs', () => urls(shared))
  await attempt('requests', () => requests(shared))
  await attempt('redirects', () => redirects(shared))
  await attempt('clocks', () => clocks(shared))
  await attempt('bodies', () => bodies(shared))
  console.log(JSON.stringify({ server: name, ...takeResult() }))
}
process.exit(0)
