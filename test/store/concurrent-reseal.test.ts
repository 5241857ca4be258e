import type { MacError, Resealed } from '../../src/index.ts'
import type { Guard } from '../../src/store/guard.ts'
import { reseal } from '../../src/store/reseal.ts'
import { readSealer } from '../../src/store/sealing/sealer.ts'
import { temporaryFolder } from '../support/folder.ts'
import { describe, expect, test } from '../support/runner.ts'
import { fill, type Given, open, outcomes } from '../support/sealed-mac.ts'
import { sealingKeyOf } from '../support/sealing-keys.ts'
import { openDatabase, rowsOf } from '../support/sqlite.ts'
import { systemTime } from '../support/system-time.ts'
import { withDatabase } from '../support/with-database.ts'

const [ONE, TWO] = [sealingKeyOf('one'), sealingKeyOf('two')]
const [ID_ONE, ID_TWO] = [ONE, TWO].map((key) => readSealer(key).current)

/** Runs a reseal, and calls `meanwhile` before each of its works on the database. */
function resealing(
  path: string,
  keys: readonly string[],
  meanwhile: (looked: boolean) => Promise<unknown> = async () => {},
): Promise<Resealed> {
  const sealer = readSealer(keys)
  let looked = false
  const onProgress = ({ done, total }: { done: number; total: number }) => {
    looked = done === total
  }
  const guarded: Guard = async (work) => {
    await meanwhile(looked)
    return work()
  }
  return withDatabase(path, (db) =>
    reseal(
      { db, language: 'sqlite', sealer, guarded, patient: (work) => work(), vacuum: false },
      { onProgress },
    ),
  )
}

/** The key ids of the sealing keys that sealed any key. */
function sealedBy(path: string): unknown[] {
  const database = openDatabase(path)
  const rows = rowsOf(
    database,
    `select key_sealed_by from mac_credentials union
      select old_sealed_by from mac_credentials where old_key is not null`,
  )
  database.close()
  return rows.flat()
}

/** Counts the current keys that a sealing key has sealed. */
function count(path: string, by: unknown): number {
  const database = openDatabase(path)
  const [[many]] = rowsOf(
    database,
    `select count(*) from mac_credentials where key_sealed_by = '${by}'`,
  ) as [[unknown]]
  database.close()
  return Number(many)
}

function failureOf(work: Promise<unknown>): Promise<MacError> {
  return work.then(
    () => {
      throw new Error('it did not fail')
    },
    (error) => error,
  )
}

/** Creates a database with keys that are not sealed. */
async function unsealed(path: string, count: number): Promise<Given[]> {
  const mac = open(path, null)
  const given = await fill(mac, count)
  await mac.close()
  return given
}

const TOLD = /^Another reseal is running on this database, or was killed in the last ten seconds\. /

describe('two reseals at once:', () => {
  test.each([
    ['the same sealing key first', [ONE, TWO]],
    ['another sealing key first', [TWO, ONE]],
  ])('the second, with %s, throws and changes nothing', async (_, keys) => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    const given = await unsealed(path, 300)
    const macs = [open(path, [ONE, TWO]), open(path, keys)]
    await Promise.all(macs.map((mac) => mac.ready()))
    let second: Promise<MacError> | null = null
    const onProgress = () => {
      second ??= failureOf(macs[1]?.reseal() as Promise<unknown>)
    }
    expect(await macs[0]?.reseal({ onProgress })).toMatchObject({ resealed: 300, unopened: [] })
    const { code, message } = (await second) as unknown as MacError
    expect(code).toBe('ERR_MAC_SEALED')
    expect(message).toMatch(TOLD)
    expect(sealedBy(path)).toEqual([ID_ONE])
    for (const mac of macs) expect(await outcomes(mac, given)).toEqual(['200'])
    // The second may run as soon as the first has ended.
    expect(await macs[1]?.reseal()).toMatchObject({ sealedBy: readSealer(keys).current })
    for (const mac of macs) expect(await outcomes(mac, given)).toEqual(['200'])
    await Promise.all(macs.map((mac) => mac.close()))
  })

  test.each([
    ['has ended', 250],
    ['is running', 100],
  ])('the first throws if it was stalled for ten seconds, and a second %s', async (_, done) => {
    using folder = temporaryFolder()
    using time = systemTime()
    const path = folder.path('mac.db')
    const given = await unsealed(path, 250)
    const stopped = Promise.withResolvers<void>()
    const reached = Promise.withResolvers<void>()
    let second: Promise<Resealed> | null = null
    const stop = async () => {
      if (done === 250 || count(path, ID_TWO) < done) return
      reached.resolve()
      await stopped.promise
    }
    let work = 0
    const first = resealing(path, [ONE, TWO], async () => {
      // The first two are the count and the first batch.
      if (++work !== 3) return
      expect((await failureOf(resealing(path, [TWO, ONE]))).message).toMatch(TOLD)
      time.advance(10)
      second = resealing(path, [TWO, ONE], stop)
      await Promise.race([second, reached.promise])
    })
    expect((await failureOf(first)).message).toMatch(TOLD)
    expect(count(path, ID_TWO)).toBe(done)
    stopped.resolve()
    expect(await (second as Promise<Resealed> | null)).toMatchObject({
      resealed: 250,
      unopened: [],
    })
    expect(sealedBy(path)).toEqual([ID_TWO])
    const mac = open(path, TWO)
    expect(await outcomes(mac, given)).toEqual(['200'])
    await mac.close()
  })

  test('the first continues after it was stalled, if there was no second', async () => {
    using folder = temporaryFolder()
    using time = systemTime()
    const path = folder.path('mac.db')
    await unsealed(path, 250)
    const stalling = resealing(path, [ONE], async () => time.advance(60))
    expect(await stalling).toMatchObject({ resealed: 250 })
    expect(sealedBy(path)).toEqual([ID_ONE])
  })
})

describe('another reseal may run', () => {
  test('at once, after one that failed', async () => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    await unsealed(path, 150)
    const mac = open(path, ONE)
    const onProgress = () => {
      throw new Error('enough')
    }
    await expect(mac.reseal({ onProgress })).rejects.toThrow('enough')
    expect(await mac.reseal()).toMatchObject({ resealed: 50 })
    await mac.close()
  })

  test('ten seconds after one that was killed, also if its clock was ahead', async () => {
    using folder = temporaryFolder()
    using time = systemTime()
    const path = folder.path('mac.db')
    await unsealed(path, 1)
    const database = openDatabase(path)
    const until = (seconds: number) =>
      database.exec(`insert or replace into mac_state values
        ('resealing', ${Date.now() + seconds * 1000})`)
    until(10)
    time.advance(9.999)
    expect((await failureOf(resealing(path, [ONE]))).message).toMatch(TOLD)
    time.advance(0.001)
    expect(await resealing(path, [ONE])).toMatchObject({ resealed: 1 })
    until(3600)
    expect(await resealing(path, [TWO, ONE])).toMatchObject({ resealed: 1 })
    expect(rowsOf(database, "select value from mac_state where name = 'resealing'")).toEqual([])
    database.close()
  })
})

describe('a reseal while servers still use another sealing key', () => {
  test.each([
    ['an earlier sealing key', ONE, `servers still seal keys with the sealing key ${ID_ONE}. `],
    ['none', null, 'servers still write keys that are not sealed. '],
  ])(
    '(%s) throws if they add keys again and again, and says what to do',
    async (_, earlier, told) => {
      using folder = temporaryFolder()
      const path = folder.path('mac.db')
      const server = open(path, earlier)
      await server.createCredential('ada', { id: 'z' })
      // Each identifier sorts before the earlier ones, so the current round does not find it.
      let next = 999
      const failure = await failureOf(
        resealing(path, [TWO, ONE], () => server.createCredential('ada', { id: String(next--) })),
      )
      expect(failure.code).toBe('ERR_MAC_SEALED')
      expect(failure.message).toContain(told)
      expect(failure.message).toContain(`Give all servers ${ID_TWO} as their first sealing key`)
      expect(next).toBeGreaterThan(900)
      const { unopened } = await resealing(path, [TWO, ONE])
      expect(unopened).toEqual([])
      expect(sealedBy(path)).toEqual([ID_TWO])
      await server.close()
    },
  )

  test('seals all keys that they add, if they stop after a while', async () => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    const server = open(path, [ONE, TWO])
    await server.createCredential('ada', { id: 'z' })
    let left = 5
    const { resealed } = await resealing(path, [TWO, ONE], async (looked) => {
      if (!looked || left === 0) return
      await server.rotateCredential('z', { endEarlierGrace: true })
      await server.createCredential('ada', { id: String(left--) })
    })
    expect(left).toBe(0)
    // Each was sealed at least once, and the rotated one once in each round that found it.
    expect(resealed).toBeGreaterThan(6)
    expect(sealedBy(path)).toEqual([ID_TWO])
    await server.close()
  })
})
