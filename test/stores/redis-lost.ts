import { setTimeout } from 'node:timers/promises'
import { afterAll, describe, expect, test } from '../support/runner.ts'
import { startRedis } from '../support/servers/redis.ts'
import type { StoreServer } from '../support/servers/store-server.ts'
import { ask, bareSetNx, clock, infoOf, type Recording, sharedFile } from './redis/recording.ts'

const NAMES = Array.from({ length: 20 }, (_, at) => `nonce-${at}`)
/** How far ahead of the clock of Redis a timestamp may be. */
const AHEAD = 300

/** What happens to a Redis between a request and its replay. */
interface Event {
  readonly name: string
  readonly settings?: readonly string[]
  /** @returns The URL that is used from then on. */
  happen(server: StoreServer): Promise<string>
  /** Whether nonces are gone afterwards. */
  readonly loses: boolean
  /** Whether the new nonces are accepted afterwards. */
  readonly accepts: boolean
}

const started: AsyncDisposable[] = []
afterAll(async () => {
  for (const each of started) await each[Symbol.asyncDispose]()
})

async function start(...settings: string[]): Promise<StoreServer> {
  const server = await startRedis(settings)
  started.push(server)
  return server
}

/** Fills the memory of a Redis that evicts keys. */
async function evict({ url }: StoreServer): Promise<string> {
  await ask(url, 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random')
  await ask(url, 'CONFIG', 'SET', 'maxmemory', '1')
  await ask(url, 'SET', 'something', 'else').catch(() => {})
  await ask(url, 'CONFIG', 'SET', 'maxmemory', '0')
  expect(await infoOf(url, 'stats', 'evicted_keys')).toBeGreaterThan(0)
  return url
}

async function restart(server: StoreServer): Promise<string> {
  await server.kill()
  await server.start()
  return server.url
}

const EVENTS: readonly Event[] = [
  { name: 'a restart without files', loses: true, accepts: false, happen: restart },
  {
    name: 'a restart with an append-only file',
    settings: ['--appendonly', 'yes', '--appendfsync', 'always'],
    ...{ loses: false, accepts: false, happen: restart },
  },
  {
    name: 'FLUSHALL',
    loses: true,
    accepts: false,
    async happen({ url }) {
      await ask(url, 'FLUSHALL')
      return url
    },
  },
  { name: 'an eviction', loses: true, accepts: false, happen: evict },
  {
    name: 'the end of an eviction, and CONFIG RESETSTAT',
    loses: true,
    accepts: false,
    async happen(server) {
      const url = await evict(server)
      await ask(url, 'CONFIG', 'RESETSTAT')
      return url
    },
  },
  {
    name: 'SCRIPT FLUSH',
    loses: false,
    accepts: true,
    async happen({ url }) {
      await ask(url, 'SCRIPT', 'FLUSH')
      return url
    },
  },
  {
    name: 'DEBUG RELOAD',
    settings: ['--enable-debug-command', 'yes'],
    loses: false,
    accepts: true,
    async happen({ url }) {
      await ask(url, 'DEBUG', 'RELOAD')
      return url
    },
  },
]

/** @returns How many of the nonces are new once more, after what happened. */
async function replaysOf(sent: readonly string[], at: number, other: Recording): Promise<number> {
  let accepted = 0
  for (const name of sent) if ((await other.record(name, at)) === 'new') accepted++
  return accepted
}

describe.each(EVENTS.map((event) => [event.name, event] as const))('after %s:', (_, event) => {
  test('no nonce is new again, and new requests are accepted as soon as that is safe', async () => {
    const server = await start(...(event.settings ?? []))
    using file = sharedFile()
    await using one = await file.open(server.url)
    // Opened before: a server that runs must notice it too. It remembers none of these nonces.
    await using other = await file.open(server.url)
    const at = clock()
    for (const name of NAMES) expect(await one.record(name, at)).toBe('new')
    const url = await event.happen(server)
    expect(url).toBe(server.url)
    await untilAnswer(other.record.bind(null, 'a probe', at))
    expect(await replaysOf(NAMES, at, other)).toBe(0)
    const later = await other.full('later')
    expect(later.verdict).toBe(event.accepts ? 'new' : 'forgotten')
    if (event.accepts) return
    // Above everything that Redis may have accepted.
    expect(later.floor).toBeGreaterThan(at + AHEAD)
    expect(later.floor).toBeLessThanOrEqual(clock() + AHEAD + 1)
  })

  test('the control without guards accepts replays exactly if nonces are lost', async () => {
    const server = await start(...(event.settings ?? []))
    const bare = bareSetNx(server.url)
    const at = clock()
    for (const name of NAMES) expect(await bare.record(name, at)).toBe('new')
    await event.happen(server)
    const replays = await replaysOf(NAMES, at, bare)
    if (event.loses) expect(replays).toBeGreaterThan(0)
    else expect(replays).toBe(0)
  })
})

/** Waits until a server has a connection again. */
async function untilAnswer(record: () => Promise<string>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const verdict = await record().catch(() => null)
    if (verdict !== null) return
    await setTimeout(20)
  }
  throw new Error('there was no answer for two seconds')
}

/** Makes a server a replica of another, and waits until it has all of its data. */
async function follow(replica: StoreServer, primary: StoreServer): Promise<void> {
  await ask(replica.url, 'REPLICAOF', '127.0.0.1', String(primary.port))
  const link = async () => String(await ask(replica.url, 'INFO', 'replication'))
  while (!(await link()).includes('master_link_status:up')) await setTimeout(20)
  await ask(primary.url, 'WAIT', '1', '1000')
}

describe('after the promotion of a replica that lacks the last nonces:', () => {
  /** @returns A primary, and its replica, which was cut off. */
  async function pair(...args: readonly string[]) {
    const soon = ['--repl-diskless-sync-delay', '0', ...args]
    const [primary, replica] = [await start(...soon), await start(...soon)]
    return {
      ...{ primary, replica },
      async copy() {
        await follow(replica, primary)
        await ask(replica.url, 'REPLICAOF', '127.0.0.1', '1')
      },
    }
  }

  test('no nonce is new again', async () => {
    const { primary, replica, copy } = await pair()
    using file = sharedFile()
    await using one = await file.open(primary.url)
    const at = clock()
    expect(await one.record('before', at)).toBe('new')
    await copy()
    for (const name of NAMES) expect(await one.record(name, at)).toBe('new')
    await ask(replica.url, 'REPLICAOF', 'NO', 'ONE')
    await using other = await file.open(replica.url)
    expect(await replaysOf(['before', ...NAMES], at, other)).toBe(0)
    expect(await other.record('later')).toBe('forgotten')
  })

  test('no nonce is new again if the old primary first copies the replica, and is promoted again', async () => {
    const { primary, replica, copy } = await pair()
    using file = sharedFile()
    await using one = await file.open(primary.url)
    await using other = await file.open(primary.url)
    const at = clock()
    expect(await one.record('before', at)).toBe('new')
    await copy()
    for (const name of NAMES) expect(await one.record(name, at)).toBe('new')
    await ask(replica.url, 'REPLICAOF', 'NO', 'ONE')
    await follow(primary, replica)
    await ask(primary.url, 'REPLICAOF', 'NO', 'ONE')
    expect(await replaysOf(['before', ...NAMES], at, other)).toBe(0)
    expect(await other.record('later')).toBe('forgotten')
  })

  test('no nonce is new again if the old primary then also forgets its earlier replication id', async () => {
    const { primary, replica, copy } = await pair('--repl-backlog-ttl', '1')
    using file = sharedFile()
    await using one = await file.open(primary.url)
    const at = clock()
    expect(await one.record('before', at)).toBe('new')
    await copy()
    for (const name of NAMES) expect(await one.record(name, at)).toBe('new')
    await ask(replica.url, 'REPLICAOF', 'NO', 'ONE')
    await follow(primary, replica)
    await ask(primary.url, 'REPLICAOF', 'NO', 'ONE')
    const info = async () => String(await ask(primary.url, 'INFO', 'replication'))
    while (!/master_replid2:0+\r/.test(await info())) await setTimeout(50)
    await using other = await file.open(primary.url)
    expect(await replaysOf(['before', ...NAMES], at, other)).toBe(0)
  })

  test('no timestamp is accepted again of a longer window that the replica does not know', async () => {
    const { primary, replica, copy } = await pair()
    using file = sharedFile()
    await using shorter = await file.open(primary.url, { keepSeconds: 10 })
    const at = clock()
    expect(await shorter.record('before', at)).toBe('new')
    await copy()
    await using longer = await file.open(primary.url)
    for (const name of NAMES) expect(await longer.record(name, at + AHEAD - 50)).toBe('new')
    await ask(replica.url, 'REPLICAOF', 'NO', 'ONE')
    await follow(primary, replica)
    await ask(primary.url, 'REPLICAOF', 'NO', 'ONE')
    expect(await shorter.record('later')).toBe('forgotten')
    expect(await longer.record('later')).toBe('forgotten')
    await using other = await file.open(primary.url)
    expect(await replaysOf(NAMES, at + AHEAD - 50, other)).toBe(0)
  })

  test('the control without guards accepts replays', async () => {
    const { primary, replica, copy } = await pair()
    const at = clock()
    await bareSetNx(primary.url).record('before', at)
    await copy()
    for (const name of NAMES) await bareSetNx(primary.url).record(name, at)
    await ask(replica.url, 'REPLICAOF', 'NO', 'ONE')
    expect(await replaysOf(['before', ...NAMES], at, bareSetNx(replica.url))).toBe(NAMES.length)
  })

  test('a replica rejects all requests, and the error says that it is one', async () => {
    const { replica, copy } = await pair()
    await copy()
    using file = sharedFile()
    await using server = await file.open(replica.url)
    await expect(server.record('n')).rejects.toThrow('it is a replica')
  })

  test('a replica that may be written rejects them too, because its primary does not get the nonces', async () => {
    const { primary, replica } = await pair()
    await follow(replica, primary)
    await ask(replica.url, 'CONFIG', 'SET', 'replica-read-only', 'no')
    using file = sharedFile()
    await using one = await file.open(primary.url)
    await using other = await file.open(replica.url)
    const at = clock()
    expect(await one.record('before', at)).toBe('new')
    await expect(other.record('n', at)).rejects.toThrow('it is a replica')
    expect(await one.record('n', at)).toBe('new')
  })
})

test('a first replica, and its end, lose no nonces, so requests are accepted meanwhile', async () => {
  const soon = ['--repl-diskless-sync-delay', '0', '--repl-backlog-ttl', '1']
  const [primary, replica] = [await start(...soon), await start()]
  using file = sharedFile()
  await using server = await file.open(primary.url)
  const idOf = async () => /master_replid:(\w+)/.exec(String(await ask(primary.url, 'INFO')))?.[1]
  expect(await server.record('before')).toBe('new')
  const before = await idOf()
  await follow(replica, primary)
  const meanwhile = await idOf()
  expect(meanwhile).not.toBe(before)
  expect(await server.record('meanwhile')).toBe('new')
  await replica.stop()
  while ((await idOf()) === meanwhile) await setTimeout(50)
  expect(await server.record('after')).toBe('new')
})

test('after a loss, requests are accepted again when the last lost timestamp has passed', async () => {
  const server = await start()
  using file = sharedFile()
  await using one = await file.open(server.url, { keepSeconds: 1 })
  expect(await one.record('n')).toBe('new')
  await ask(server.url, 'FLUSHALL')
  expect(await one.record('m')).toBe('forgotten')
  const { floor = 0 } = await one.full('o')
  while (clock() < floor) await setTimeout(100)
  expect(await one.record('p')).toBe('new')
})
