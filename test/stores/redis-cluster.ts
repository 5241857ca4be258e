import { setTimeout } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from '../support/runner.ts'
import { type RedisCluster, startRedisCluster } from '../support/servers/redis.ts'
import { ask, clock, sharedFile } from './redis/recording.ts'

let cluster: RedisCluster

beforeAll(async () => {
  cluster = await startRedisCluster()
})
afterAll(() => cluster[Symbol.asyncDispose]())

/** @returns How many keys each node has. */
async function sizes(): Promise<number[]> {
  return Promise.all(cluster.nodes.map(async ({ url }) => Number(await ask(url, 'DBSIZE'))))
}

describe('a cluster of Redis:', () => {
  test('nonces go to all nodes, and after FLUSHALL on one of them none of its nonces is new', async () => {
    using file = sharedFile()
    await using one = await file.open(cluster.url)
    await using other = await file.open(cluster.url)
    const at = clock()
    const names = Array.from({ length: 300 }, (_, index) => `nonce-${index}`)
    const first = await Promise.all(names.map((name) => one.record(name, at)))
    expect(new Set(first)).toEqual(new Set(['new']))
    for (const size of await sizes()) expect(size).toBeGreaterThan(30)
    await ask(cluster.nodes[1]?.url ?? '', 'FLUSHALL')
    const second = await Promise.all(names.map((name) => other.record(name, at)))
    expect(new Set(second)).toEqual(new Set(['seen', 'forgotten']))
    // A server that was there before has another salt than the node now.
    const third = await Promise.all(names.map((name) => one.record(`${name}-later`, at)))
    expect(new Set(third)).toEqual(new Set(['new', 'forgotten']))
  })

  test('a client that is not made for clusters is refused, and the error says what to pass', async () => {
    using file = sharedFile()
    const client = new Redis(cluster.url, { autoResendUnfulfilledCommands: false })
    const url = cluster.nodes[0]?.url ?? ''
    const other = createClient({ url })
    await other.connect()
    try {
      for (const each of [client, other]) {
        await expect(file.open(each)).rejects.toThrow(
          'it is a cluster: pass a URL, or a client that',
        )
      }
    } finally {
      client.disconnect()
      other.destroy()
    }
  })

  test('any node in the URL leads to all of them', async () => {
    using file = sharedFile()
    for (const { url } of cluster.nodes) await ask(url, 'FLUSHALL')
    const at = clock()
    for (const [index, { url }] of cluster.nodes.entries()) {
      await using server = await file.open(url)
      const verdicts = await Promise.all(
        Array.from({ length: 50 }, (_, nonce) => server.record(`from-${nonce}`, at)),
      )
      expect(new Set(verdicts)).toEqual(new Set([index === 0 ? 'new' : 'seen']))
    }
  })

  test('while the node of the URL is down, requests get an error, and are answered when it is back', async () => {
    using file = sharedFile()
    for (const { url } of cluster.nodes) await ask(url, 'FLUSHALL')
    await using server = await file.open(cluster.url, { timeoutSeconds: 1 })
    const send = () =>
      Promise.allSettled(Array.from({ length: 50 }, () => server.record(`${Math.random()}`)))
    const isAnswered = async () => (await send()).every(({ status }) => status === 'fulfilled')
    expect(await isAnswered()).toBe(true)
    const [node] = cluster.nodes
    await node?.kill()
    expect(await isAnswered()).toBe(false)
    await node?.start()
    for (let tries = 0; !(await isAnswered()); tries++) {
      if (tries === 100) throw new Error('it did not answer again within ten seconds')
      await setTimeout(100)
    }
  })
})
