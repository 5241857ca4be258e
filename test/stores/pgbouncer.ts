import { type Limited, limited } from '../support/limited.ts'
import { afterAll, afterEach, beforeAll, expect, test } from '../support/runner.ts'
import { startPgBouncer } from '../support/servers/pgbouncer.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import type { StoreServer } from '../support/servers/store-server.ts'

/*
 * PgBouncer in its mode "transaction", in a version that knows no prepared statements: Debian 12 has 1.18.
 */

let postgres: StoreServer
let bouncer: StoreServer
const macs: Limited[] = []

beforeAll(async () => {
  postgres = await startPostgres()
  bouncer = await startPgBouncer(postgres)
})
afterEach(async () => {
  for (const { mac } of macs.splice(0)) await mac.close()
})
afterAll(async () => {
  await bouncer[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
})

function servers(count: number, preparedStatements: boolean): Limited[] {
  const options = { database: bouncer.url, preparedStatements }
  const made = Array.from({ length: count }, () => limited(options))
  macs.push(...made)
  return made
}

/** Sends requests to all servers, many at a time. @returns The outcomes, without repetitions. */
async function load(all: readonly Limited[], credential: { id: string; key: string }) {
  const outcomes = new Set<string>()
  for (let round = 0; round < 10; round++) {
    const sent = Array.from({ length: 40 }, (_, at) => all[at % all.length]?.send(credential))
    for (const outcome of await Promise.all(sent)) outcomes.add(String(outcome))
  }
  return [...outcomes]
}

test('without prepared statements, every request through PgBouncer gets its answer', async () => {
  const all = servers(3, false)
  const [first] = all as [Limited]
  const { id, key } = await first.mac.createCredential('ada')
  expect(await load(all, { id, key })).toEqual(['200'])
  const signing = { nonce: 'copied', ts: Math.floor(Date.now() / 1000) }
  const copies = Array.from({ length: 60 }, (_, at) =>
    all[at % 3]?.send({ id, key }, undefined, signing),
  )
  const outcomes = await Promise.all(copies)
  expect(outcomes.filter((outcome) => outcome === '200')).toHaveLength(1)
  await first.mac.revokeCredential(id)
  for (const server of all) expect(await server.send({ id, key })).toBe('401 ERR_MAC_REJECTED')
})

test('with prepared statements, the error says to turn them off', async () => {
  const all = servers(3, true)
  const [first] = all as [Limited]
  const { id, key } = await first.mac.createCredential('ada')
  expect(await load(all, { id, key })).toContain('503 ERR_MAC_STORE')
  const messages = all.flatMap(({ rejections }) => rejections.map(({ message }) => message))
  expect(messages.length).toBeGreaterThan(0)
  for (const message of messages) {
    expect(message).toMatch(/PgBouncer .* Set the option preparedStatements to false/)
  }
})
