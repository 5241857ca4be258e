import { inspect } from 'node:util'
import type { RedisClient } from '../../src/store/nonce-source.ts'
import { redisConnection, runScript } from '../../src/store/redis/client.ts'
import { EvictionWatch } from '../../src/store/redis/eviction.ts'
import { redisError } from '../../src/store/redis/redis-failure.ts'
import { INFO } from '../../src/store/redis/script.ts'
import { shardOf, shardsOf } from '../../src/store/redis/shards.ts'
import { expect, test } from '../support/runner.ts'

const connect = (client: object) => {
  const source = { url: null, client: client as RedisClient, keyPrefix: 'withmac' }
  return redisConnection(source, 'The Redis', 1)
}

/** A client that has one method, and returns what it was called with. */
function clientWith(method: string, more: object = {}) {
  return { ...more, [method]: async (...given: unknown[]) => given }
}

test('a command is sent with the method of each library', async () => {
  const options = { autoResendUnfulfilledCommands: false }
  const send = async (client: object) => (await connect(client)).send('k', ['GET', 'k'])
  expect(await send(clientWith('call', { options }))).toEqual(['GET', 'k'])
  expect(await send(clientWith('send'))).toEqual(['GET', ['k']])
  expect(await send(clientWith('sendCommand'))).toEqual([['GET', 'k']])
  const cluster = clientWith('sendCommand', { getSlotRandomNode() {} })
  expect(await send(cluster)).toEqual(['k', false, ['GET', 'k']])
  const sentinel = clientWith('sendCommand', { getSentinelNode() {} })
  expect(await send(sentinel)).toEqual([false, ['GET', 'k']])
})

test('a client of ioredis that sends commands again is refused, and the error says what to write', async () => {
  const error = connect(clientWith('call', { options: { autoResendUnfulfilledCommands: true } }))
  await expect(error).rejects.toThrow('new Redis(url, { autoResendUnfulfilledCommands: false })')
  await expect(connect(clientWith('call'))).rejects.toThrow(TypeError)
  const cluster = { isCluster: true, options: { retryDelayOnFailover: 100 } }
  const refused = connect(clientWith('call', cluster))
  await expect(refused).rejects.toThrow('new Cluster(nodes, { retryDelayOnFailover: 0 })')
  const accepted = { isCluster: true, options: { retryDelayOnFailover: 0 } }
  await connect(clientWith('call', accepted))
})

test('a command without an answer is rejected after the timeout', async () => {
  const source = { url: null, client: { send: () => new Promise(() => {}) } as RedisClient }
  const connection = await redisConnection({ ...source, keyPrefix: 'w' }, 'The Redis', 0.02)
  await expect(connection.send('k', ['GET', 'k'])).rejects.toThrow('The Redis did not answer')
})

test('a script is sent whole only if Redis does not know it, and never after another error', async () => {
  const sent: unknown[] = []
  const answers = [new Error('NOSCRIPT No matching script.'), 'first', 'second', new Error('OOM')]
  const connection = {
    async send(_key: string, [name]: readonly string[]) {
      sent.push(name)
      const answer = answers.shift()
      if (answer instanceof Error) throw answer
      return answer
    },
    async close() {},
  }
  const run = () => runScript(connection, INFO, ['k'], ['memory'])
  expect([await run(), await run()]).toEqual(['first', 'second'])
  await expect(run()).rejects.toThrow('OOM')
  expect(sent).toEqual(['EVALSHA', 'EVAL', 'EVALSHA', 'EVALSHA'])
})

test('the policy is read once a minute; once it is wrong, requests are rejected until it is right', async () => {
  let now = 0
  let policy = 'noeviction'
  let reads = 0
  const connection = {
    async send() {
      reads++
      return `# Memory\r\nmaxmemory_policy:${policy}\r\n`
    },
    async close() {},
  }
  const watch = new EvictionWatch(connection, ['k'], 'The Redis', () => now)
  await watch.check()
  policy = 'volatile-ttl'
  const demand = async () => {
    watch.demand()
    await new Promise((resolve) => setImmediate(resolve))
  }
  now = 59_999
  await demand()
  expect(reads).toBe(1)
  now = 60_000
  await demand()
  expect(reads).toBe(2)
  await expect(demand()).rejects.toThrow('(maxmemory-policy volatile-ttl)')
  policy = 'noeviction'
  now = 61_000
  await expect(demand()).rejects.toThrow('noeviction')
  await new Promise((resolve) => setImmediate(resolve))
  await demand()
  expect(reads).toBe(3)
})

test('a policy that cannot be found out is refused', async () => {
  const connection = { send: async () => '# Memory\r\n', close: async () => {} }
  const watch = new EvictionWatch(connection, ['k'], 'The Redis')
  await expect(watch.check()).rejects.toThrow('(maxmemory-policy unknown)')
})

test('an error of Redis is explained, with its own text', () => {
  const messageOf = (text: string) => redisError('The Redis', new Error(text)).message
  expect(messageOf('OOM command not allowed')).toContain('memory is full: raise maxmemory')
  expect(messageOf("READONLY You can't write")).toContain('it is a replica')
  expect(messageOf('MOVED 1 127.0.0.1:1')).toContain('it is a cluster')
  expect(messageOf('NOPERM this user')).toContain('lacks a right')
  expect(messageOf('connect ECONNREFUSED')).toBe('The Redis failed: connect ECONNREFUSED')
})

test('an error of ioredis loses its command, which may have the password', () => {
  const error = Object.assign(new Error('WRONGPASS invalid'), {
    command: { name: 'auth', args: ['not-to-be-shown'] },
  })
  const { message, cause } = redisError('The Redis', error)
  expect(message).toContain('the password is wrong')
  expect(inspect(cause, { depth: 9 })).not.toContain('not-to-be-shown')
  expect((cause as Error).stack).toBe(error.stack as string)
})

test('the shards of a cluster get equal shares of its slots and of the nonces', () => {
  const shards = shardsOf('withmac', true)
  expect(shardsOf('withmac', false)).toHaveLength(1)
  expect(shards).toHaveLength(16)
  const parts = shards.map(({ state }) => Math.floor(slotOf(state) / 1024))
  expect(parts).toEqual(Array.from({ length: 16 }, (_, at) => at))
  const chosen = [...'0123456789abcdef'].map((digit) => shardOf(`${digit}0`, shards))
  expect(new Set(chosen).size).toBe(16)
})

/** @returns The slot of a key with a hash tag: its CRC16 (XMODEM). */
function slotOf(key: string): number {
  const tag = /\{(.+)\}/.exec(key)?.[1] ?? ''
  let crc = 0
  for (const character of tag) {
    crc ^= character.charCodeAt(0) << 8
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff
  }
  return crc % 16_384
}
