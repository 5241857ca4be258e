import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { command } from '../runtimes/setup/command.mjs'
import { CREDENTIALS } from './exchange.mjs'
import { byHand, NOT_KNOWN, signedBy } from './signed.mjs'

const library = fileURLToPath(new URL('../..', import.meta.url))
const file = join(library, 'test/explain/corpus/foreign-clients.json')
const pairs = new Map()

/**
 * Notes a rejected request for the corpus of explanations. Leaves out what differs from an earlier pair only
 * in the runtime.
 */
export function note(client, server, { name, cause, side, change }, exchanged, signed) {
  const { report: seen, used } = exchanged
  if (seen === null) return
  const { authorization: _, ...headers } = seen.headers
  const same = JSON.stringify([client.name, name, seen.code, seen.method, seen.url, headers.host])
  if (pairs.has(same)) return
  const by = `${client.name} ${client.version} over ${client.with}, to ${server.title}`
  const known = CREDENTIALS.find((each) => each.id === used.id)
  const credential = known && { id: known.id, key: known.key, algorithm: known.algorithm }
  const pair = { name: `${client.name}: ${name}, on ${server.name}`, by, signed, seen }
  pairs.set(same, { ...pair, credential: credential ?? null, cause, ...(side && { side }), change })
}

/** What a client signed in a mistake. */
export function signedInMistake(mistake, exchanged) {
  if (mistake.bearer) return { ...NOT_KNOWN, key: null }
  if (mistake.sign?.draft === 0) return { ...NOT_KNOWN, key: exchanged.used.key }
  return signedBy(exchanged, () => byHand(mistake.sign ?? {}))
}

/** Writes the noted pairs into the corpus. */
export async function writeCorpus() {
  writeFileSync(file, JSON.stringify([...pairs.values()]))
  await command(join(library, 'node_modules/.bin/biome'), ['format', '--write', file])
  return pairs.size
}
