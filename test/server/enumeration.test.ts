import { MacError } from '../../src/errors.ts'
import { createMac, type Mac } from '../../src/index.ts'
import type { MacSettings } from '../../src/options.ts'
import { verifyCached } from '../../src/server/authenticate.ts'
import { CredentialCache, type CredentialKeys } from '../../src/server/credential-cache.ts'
import { rejectedVerdict } from '../../src/server/response.ts'
import { countFailure } from '../../src/server/verify.ts'
import type { NonceStore } from '../../src/store/types.ts'
import { TrafficCounters } from '../../src/store/usage/traffic-counters.ts'
import { FailureCounts } from '../../src/store/usage/usage-counters.ts'
import { canCountHashes, countedHashes } from '../support/counted-macs.ts'
import { outcome } from '../support/outcome.ts'
import { type Read, recorded } from '../support/recorded.ts'
import { describe, expect, test } from '../support/runner.ts'
import { sealingKeyOf } from '../support/sealing-keys.ts'
import { type Key, signed } from '../support/sign.ts'
import { Database, rowsOf } from '../support/sqlite.ts'

// These tests count operations. `npm run bench:timing` measures the time.

const canCount = await canCountHashes()
const URL = 'http://example.com/a'
const LONG_SCOPES = Array.from({ length: 100 }, (_, at) => `${at}:${'s'.repeat(250)}`)
const UNKNOWN = { id: 'f'.repeat(24), key: 'a key that nobody has' }

/** Credentials that differ in everything except the lengths of identifier and key. */
const KINDS: Readonly<Record<string, (mac: Mac) => Promise<Key>>> = {
  'with the defaults': (mac) => mac.createCredential('ada'),
  'with 100 long scopes': (mac) => mac.createCredential('ada', { scopes: LONG_SCOPES }),
  'of a long user, with a long label': (mac) =>
    mac.createCredential('u'.repeat(1000), { label: 'l'.repeat(1000) }),
  'with a rate limit': (mac) =>
    mac.createCredential('ada', { rateLimit: { requests: 9, seconds: 9 } }),
  'with two keys': async (mac) => mac.rotateCredential((await mac.createCredential('ada')).id),
  'that was revoked': async (mac) => {
    const made = await mac.createCredential('ada')
    await mac.revokeCredential(made.id)
    return made
  },
  'that was disabled': async (mac) => {
    const made = await mac.createCredential('ada')
    await mac.disableCredential(made.id)
    return made
  },
  'that was used': async (mac) => {
    const made = await mac.createCredential('ada')
    await mac.withMac(() => new Response())(signed(made, URL))
    return made
  },
}

async function setUp(sealingKey: string | null = null) {
  const connection = new Database(':memory:')
  const record = await recorded(connection)
  const rejected: string[] = []
  const mac = createMac({
    ...{ database: record.database, sealingKey },
    onReject: ({ code, message }) => rejected.push(`${code}: ${message}`),
  })
  await mac.ready()
  const app = mac.withMac(() => new Response())
  return {
    ...{ connection, mac, record, rejected },
    send: (key: Key) => outcome(app(signed(key, URL))),
    wrong: (key: Key) => outcome(app(signed({ ...key, key: 'w'.repeat(43) }, URL))),
    /** @returns What `work` reads from the database. */
    async reads(work: () => Promise<unknown>): Promise<Read[]> {
      record.reads.length = 0
      await work()
      return record.reads.splice(0)
    },
    async [Symbol.asyncDispose]() {
      await mac.close()
      await record.database.destroy()
    },
  }
}

/** @returns What can change the time of the reads: the statements, and the type and length of each value. */
function shapes(reads: readonly Read[]): unknown[] {
  return reads.map(({ sql, rows }) => ({
    sql,
    rows: rows.map((row) => Object.entries(row).map(([name, value]) => [name, shape(value)])),
  }))
}

function shape(value: unknown): string {
  return typeof value === 'string' ? `${value.length} characters` : typeof value
}

describe.each([
  ['unsealed', null],
  ['sealed', sealingKeyOf('one')],
])('if the MAC is wrong, with %s keys,', (_, sealingKey) => {
  test.each(Object.keys(KINDS))(
    'the same is read for a credential %s as for an unknown identifier',
    async (kind) => {
      await using at = await setUp(sealingKey)
      const key = (await KINDS[kind]?.(at.mac)) as Key
      await at.mac.createCredential('eve')
      const unknown = await at.reads(() => at.wrong(UNKNOWN))
      const known = await at.reads(() => at.wrong(key))
      expect(shapes(known)).toEqual(shapes(unknown))
      expect(known).toHaveLength(1)
      expect(at.rejected.slice(-2).map((text) => text.split(':')[0])).toEqual([
        'ERR_MAC_UNKNOWN_IDENTIFIER',
        'ERR_MAC_MISMATCH',
      ])
      // A right MAC reads more: this shows that the test sees all reads.
      const right = await at.reads(() => at.send(key))
      if (kind !== 'that was used') expect(shapes(right).length).toBeGreaterThan(1)
    },
  )
})

describe('if the MAC is wrong, as many MACs are computed as for an unknown identifier,', () => {
  if (!canCount) {
    test('(which cannot be counted on this runtime)', () => {})
    return
  }
  test.each(Object.keys(KINDS))('for a credential %s', async (kind) => {
    await using at = await setUp()
    const key = (await KINDS[kind]?.(at.mac)) as Key
    const app = at.mac.withMac(() => new Response())
    const count = (named: Key) => {
      const request = signed({ ...named, key: 'w'.repeat(43) }, URL)
      return countedHashes(() => app(request))
    }
    const unknown = await count(UNKNOWN)
    expect(await count(key)).toBe(unknown)
    expect(await count(key)).toBe(unknown)
    expect(unknown).toBeGreaterThanOrEqual(4)
  })
})

describe('for an identifier that is not cached', () => {
  /** @returns Cached keys that compute the MAC `right` for any text, and the texts that they got. */
  function cached(id: string) {
    const asked: string[] = []
    const key = {
      credential: { id },
      macKey: 'a key',
      computeMac: (text: string) => asked.push(text) && 'right',
    }
    return { asked, keys: { current: key, old: key, used: false } as unknown as CredentialKeys }
  }

  test('the cached keys of another one are tried, and accept no request', () => {
    const cache = new CredentialCache()
    const { keys, asked } = cached('ada')
    cache.keep(keys)
    const sent = { ts: '1', nonce: 'a', ext: null, mac: 'right' }
    expect(verifyCached({ ...sent, id: 'nobody' } as never, ['text'], cache)).toBeNull()
    expect(asked).toEqual(['text', 'text'])
    expect(verifyCached({ ...sent, id: 'ada' } as never, ['text'], cache)).toBe(keys.current)
  })

  test('the same decoy is tried each time, and different ones for different identifiers', () => {
    const cache = new CredentialCache()
    expect(cache.decoyFor('nobody')).toBe(undefined)
    for (let at = 0; at < 3000; at++) cache.keep(cached(String(at)).keys)
    const names = Array.from({ length: 100 }, (_, at) => `nobody ${at}`)
    const decoys = names.map((name) => cache.decoyFor(name))
    expect(names.map((name) => cache.decoyFor(name))).toEqual(decoys)
    expect(new Set(decoys).size).toBeGreaterThan(50)
    expect(decoys).not.toContain(undefined)
  })
})

test('before the MAC is verified, SQLite opens only one index, and not the table of credentials', async () => {
  await using at = await setUp()
  const key = await at.mac.createCredential('ada', { scopes: LONG_SCOPES })
  const [first, second] = await at.reads(() => at.send(key))
  const roots = new Map(
    rowsOf(at.connection, 'select rootpage, name from sqlite_master where rootpage > 0').map(
      ([page, name]) => [page, name],
    ),
  )
  const opened = ({ sql = '' }: Partial<Read> = {}) => {
    const statement = at.connection.prepare(`explain ${sql}`)
    const steps = statement.all('x') as { opcode: string; p2: number }[]
    statement.finalize?.()
    const pages = steps.filter(({ opcode }) => opcode === 'OpenRead').map(({ p2 }) => p2)
    return [...new Set(pages.map((page) => roots.get(page)))].sort()
  }
  expect(opened(first)).toEqual(['mac_credentials_keys', 'mac_state'])
  expect(opened(second)).toContain('mac_credentials')
  const indexed = rowsOf(
    at.connection,
    "select name from pragma_index_info('mac_credentials_keys')",
  )
  for (const column of ['user', 'label', 'scopes']) expect(indexed.flat()).not.toContain(column)
})

describe('the server rejects', () => {
  test('an unknown identifier with the key of another credential that is cached', async () => {
    await using at = await setUp()
    const ada = await at.mac.createCredential('ada')
    const { key } = await at.mac.rotateCredential(ada.id)
    expect(await at.send({ ...ada, key })).toBe('200')
    for (const known of [key, ada.key]) {
      expect(await at.send({ id: UNKNOWN.id, key: known })).toBe('401 ERR_MAC_REJECTED')
    }
    expect(at.rejected.at(-1)).toMatch(/^ERR_MAC_UNKNOWN_IDENTIFIER/)
  })

  test('a MAC by a decoy key, in place of the only key or of the old one', async () => {
    await using at = await setUp()
    const ada = await at.mac.createCredential('ada')
    const decoys: string[] = []
    for (const named of [UNKNOWN, ada]) {
      const [{ rows: [row] = [] } = {}] = await at.reads(() => at.wrong(named))
      decoys.push(String(row?.key), String(row?.old_key))
    }
    expect(new Set(decoys).size).toBe(3)
    for (const key of decoys.filter((decoy) => decoy !== ada.key)) {
      for (const { id } of [UNKNOWN, ada]) {
        const reads = await at.reads(async () => {
          expect(await at.send({ id, key })).toBe('401 ERR_MAC_REJECTED')
        })
        // The rest of the credential is not read.
        expect(reads).toHaveLength(1)
      }
    }
  })
})

test.each([
  ['revoked', 'update mac_credentials set revoked = 1', '401 ERR_MAC_REJECTED'],
  ['deleted', 'delete from mac_credentials', '401 ERR_MAC_REJECTED'],
  ['given another key', "update mac_credentials set key = 'another'", '401 ERR_MAC_REJECTED'],
  ['given other scopes', "update mac_credentials set scopes = 'a b'", '200'],
])(
  'a credential that is %s between the read of its keys and the read of the rest is checked as it is then',
  async (_, sql, expected) => {
    await using at = await setUp()
    const ada = await at.mac.createCredential('ada')
    let changes = 0
    at.record.after = (read) => {
      if (!read.sql.includes('has_old')) return
      changes++
      at.connection.exec(sql)
    }
    expect(await at.send(ada)).toBe(expected)
    expect(changes).toBe(1)
  },
)

test('if the table was rebuilt by hand without its index, all identifiers get the same 503 until the next start', async () => {
  await using at = await setUp()
  const ada = await at.mac.createCredential('ada')
  at.connection.exec('create table rebuilt as select * from mac_credentials')
  at.connection.exec('drop table mac_credentials')
  at.connection.exec('alter table rebuilt rename to mac_credentials')
  for (const key of [ada, UNKNOWN]) expect(await at.send(key)).toBe('503 ERR_MAC_STORE')
  expect(at.rejected[0]).toMatch(/lacks the index mac_credentials_keys.+Restart all servers/)
  const next = createMac({ database: at.record.database, sealingKey: null })
  await next.ready()
  await next.close()
  expect(await at.send(ada)).toBe('200')
})

describe('the count of a failed request', () => {
  /** @returns The operations on maps and the copies of texts that `work` does. */
  function stepsOf(work: () => void): string[] {
    const steps: string[] = []
    const { prototype } = Map
    const own = { ...{ get: prototype.get, set: prototype.set, has: prototype.has } }
    const { from } = Buffer
    for (const name of ['get', 'set', 'has'] as const) {
      prototype[name] = function (this: never, ...given: never[]) {
        steps.push(name)
        return Reflect.apply(own[name], this, given)
      } as never
    }
    Buffer.from = ((...given: never[]) => {
      steps.push('copy')
      return Reflect.apply(from, Buffer, given)
    }) as typeof from
    try {
      work()
    } finally {
      Object.assign(prototype, own)
      Buffer.from = from
    }
    return steps
  }

  test('takes the same steps whether or not the credential exists, the first time and later', () => {
    const counts = new FailureCounts()
    for (const [name, second] of [
      ['a', 0],
      ['a', 1],
      ['b', 1],
      ['a', 3600],
      ['b', 90_000],
    ] as const) {
      const known = stepsOf(() => counts.count(`known ${name}`, second, true))
      const unknown = stepsOf(() => counts.count(`unknown ${name}`, second, false))
      expect(unknown).toEqual(known)
      expect(known.length).toBeGreaterThan(0)
    }
    counts.all()
    const again = [true, false].map((exists) => stepsOf(() => counts.count('ada', 0, exists)))
    expect(again[1]).toEqual(again[0] ?? [])
  })

  test('in the traffic takes the same steps whether or not the credential exists or is in use', () => {
    const traffic = new TrafficCounters()
    for (const second of [0, 1, 60, 3600, 90_000]) {
      traffic.countOf('known', 'accepted', second)
      const [known, unknown] = (['known', 'unknown'] as const).map((id) =>
        stepsOf(() => traffic.countNamed(id, 'ERR_MAC_MISMATCH', second, id === 'known')),
      )
      expect(unknown).toEqual(known ?? [])
      expect(known?.length).toBeGreaterThan(0)
    }
  })

  test('keeps nothing for identifiers that do not exist, however many there are', () => {
    const counts = new FailureCounts()
    for (let at = 0; at < 20_000; at++) counts.count(`nobody ${at}`, 0, false)
    expect([...counts.of(null)]).toEqual([])
    expect(counts.due(1000, 1)).toEqual([])
    counts.count('ada', 0, true)
    expect([...counts.of(null)]).toHaveLength(1)
  })
})

test('a rejected request is passed to the count whether or not the credential exists', () => {
  const given: unknown[][] = []
  const nonces = { countFailure: (...what: unknown[]) => given.push(what) } as unknown as NonceStore
  const settings = { now: () => 1000 } as unknown as MacSettings
  const traffic = new TrafficCounters()
  for (const code of ['ERR_MAC_MISMATCH', 'ERR_MAC_UNKNOWN_IDENTIFIER'] as const) {
    const error = new MacError(code)
    countFailure(rejectedVerdict(error, null, settings), 'ada', nonces, { settings, traffic })
  }
  expect(given).toEqual([
    ['ada', 1000, true],
    ['ada', 1000, false],
  ])
})
