import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { certificate } from '../runtimes/setup/certificate.mjs'
import { foreignClients } from './clients.mjs'
import { note, signedInMistake, writeCorpus } from './corpus.mjs'
import { rubyEnvironment } from './debian.mjs'
import { DIFFERENCES } from './differences.mjs'
import { CREDENTIALS, exchange, negativeControls, replay, withoutDigest } from './exchange.mjs'
import { MISTAKES } from './mistakes.mjs'
import { sendToRack } from './own-client.mjs'
import { bringIntoPage, countsTable, differencesTable, namesVersion } from './page.mjs'
import { start } from './process.mjs'
import { REQUESTS } from './requests.mjs'
import { startServers } from './servers.mjs'
import { NOT_KNOWN, signedBy } from './signed.mjs'

/*
 * Sends requests of clients that nobody here wrote to servers of withmac on Bun, Deno and Node, and each that
 * was accepted a second time. Compares the result with the tables of docs/compatibility.md; `--write` writes
 * them. `--record` writes the rejected requests into the corpus of explanations.
 */

const library = fileURLToPath(new URL('../..', import.meta.url))
const cache = join(library, 'node_modules/.cache/withmac-runtimes')
const write = process.argv.includes('--write')
const record = process.argv.includes('--record')
const began = performance.now()

const files = await certificate(cache, ['api.example.com', 'api.smsglobal.com'])
const tls = { key: readFileSync(files.key), cert: readFileSync(files.cert) }
const ruby = await rubyEnvironment(join(library, 'node_modules/.cache/withmac-foreign'))
const servers = await startServers({ cache, credentials: CREDENTIALS, certificate: files, tls })
const parts = { requests: `${REQUESTS.map(({ name }) => name).join('; ')}.` }
const counts = []
const total = { passed: 0, replays: 0 }

for (const { command, env, requests } of foreignClients({ ruby, certificate: files })) {
  const process = start(command, { env })
  const client = { ...(await process.next()), ask: process.ask }
  const outcomes = new Map(requests.map(({ name }) => [name, []]))
  const passed = []
  for (const server of servers) passed.push(await sendAll(client, server, requests, outcomes))
  const made = await makeMistakes(client)
  console.log(`  ${made} mistakes with ${client.name}: all rejected`)
  parts[client.name] = differencesTable(servers, rowsOf(client, outcomes))
  counts.push({ name: client.name, requests: requests.length, passed })
  process.stop()
  if (!namesVersion(client))
    throw new Error(`docs/compatibility.md lacks ${client.name} ${client.version}`)
}
parts.counts = countsTable(servers, counts)
parts['withmac/client'] = await sendToRack({ servers, credentials: CREDENTIALS, ruby })

/** Lets a client send all its requests to a server. Returns how many passed. */
async function sendAll(client, server, requests, outcomes) {
  const count = { passed: 0, rejected: 0, unsent: 0 }
  let replays = 0
  for (const request of requests) {
    const exchanged = await exchange(client, server, request)
    const { outcome } = exchanged
    count[outcome]++
    outcomes.get(request.name).push(outcome)
    if (outcome === 'passed') {
      await replay(server, exchanged)
      replays++
    } else explain(client, server, request, exchanged)
  }
  await negativeControls(client, server, requests[0])
  const last = requests.at(-1)
  if (last.digest) await withoutDigest(client, server, last)
  console.log(
    `${client.name} ${client.version} (${client.with}) to ${server.title}${server.how}: ${count.passed} passed, ` +
      `${replays} replays rejected, ${count.rejected} rejected, ${count.unsent} not sent; ` +
      'a wrong key and a changed target rejected',
  )
  total.passed += count.passed
  total.replays += replays
  return count.passed
}

/** Finds the entry for a request that did not pass, and checks what it says of the signed string. */
function explain(client, server, { name }, exchanged) {
  const difference = DIFFERENCES[client.name].find(({ requests }) => requests.includes(name))
  const { outcome, answered, sent } = exchanged
  const isKnown =
    outcome === 'unsent' ? difference?.cause === undefined : difference?.signed !== undefined
  if (difference === undefined || !isKnown) {
    throw new Error(
      `${client.name} to ${server.title}: ${name} is ${outcome}, ${answered}:\n${sent}`,
    )
  }
  if (outcome === 'unsent') return
  const { signed } = difference
  const elements =
    signed === null ? { ...NOT_KNOWN, key: exchanged.used.key } : signedBy(exchanged, signed)
  note(client, server, { ...difference, name }, exchanged, elements)
}

/** Makes each mistake on one of the runtimes. Returns how many there were. */
async function makeMistakes(client) {
  const mistakes = MISTAKES[client.name]
  for (const [index, mistake] of mistakes.entries()) {
    const server = servers[index % servers.length]
    const exchanged = await exchange(client, server, mistake)
    if (mistake.twice) exchanged.report = await replay(server, exchanged)
    else if (exchanged.outcome !== 'rejected') {
      throw new Error(`${client.name} ${mistake.name}: ${exchanged.outcome}, ${exchanged.answered}`)
    }
    note(client, server, mistake, exchanged, signedInMistake(mistake, exchanged))
  }
  return mistakes.length
}

/** Returns the rows of a client's table. Throws if an entry is not needed. */
function rowsOf(client, outcomes) {
  const differ = [...outcomes].filter(([, each]) => each.some((outcome) => outcome !== 'passed'))
  const needed = new Set(differ.map(([request]) => request))
  const entries = DIFFERENCES[client.name]
  const stale = entries
    .flatMap(({ requests }) => requests)
    .filter((request) => !needed.has(request))
  if (stale.length > 0) throw new Error(`${client.name} passes, against differences.mjs: ${stale}`)
  return differ.map(([request, each]) => ({
    request,
    outcomes: each,
    difference: entries.find(({ requests }) => requests.includes(request)),
  }))
}

if (record) console.log(`${await writeCorpus()} pairs written into the corpus`)
const different = bringIntoPage(parts, { write })
for (const name of different) {
  console.log(`docs/compatibility.md differs from what was measured: ${name}\n${parts[name]}\n`)
}
console.log(
  `${total.passed} requests of foreign clients passed, ${total.replays} replays rejected, ` +
    `${different.length} tables differ, in ${Math.round((performance.now() - began) / 1000)} s`,
)
process.exit(different.length === 0 ? 0 : 1)
