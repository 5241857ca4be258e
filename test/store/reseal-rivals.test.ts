import type { MacError } from '../../src/index.ts'
import type { Guard } from '../../src/store/guard.ts'
import { type ResealedRows, resealRows } from '../../src/store/sealing/reseal-rows.ts'
import { readSealer } from '../../src/store/sealing/sealer.ts'
import { temporaryFolder } from '../support/folder.ts'
import { describe, expect, test } from '../support/runner.ts'
import { fill, open, outcomes } from '../support/sealed-mac.ts'
import { sealingKeyOf } from '../support/sealing-keys.ts'
import { openDatabase, rowsOf } from '../support/sqlite.ts'
import { withDatabase } from '../support/with-database.ts'

const [ONE, TWO] = [sealingKeyOf('one'), sealingKeyOf('two')]
const [ID_ONE, ID_TWO] = [ONE, TWO].map((key) => readSealer(key).current)

/** Reseals; before each piece of work on the database, something else is done to it. */
function resealing(
  path: string,
  keys: readonly string[],
  meanwhile: (looked: boolean) => Promise<unknown> = async () => {},
): Promise<ResealedRows> {
  const sealer = readSealer(keys)
  let looked = false
  const guard: Guard = async (work) => {
    await meanwhile(looked)
    return work()
  }
  return withDatabase(path, (db) =>
    resealRows(db, guard, { ...sealer, current: sealer.current as string }, ({ done, total }) => {
      looked = done === total
    }),
  )
}

/** What all keys are sealed by. */
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

function failureOf(work: Promise<unknown>): Promise<MacError> {
  return work.then(
    () => {
      throw new Error('it did not fail')
    },
    (error) => error,
  )
}

describe('two reseals with different first sealing keys', () => {
  test('end, and who gives way names the sealing key of the other', async () => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    const before = open(path, null)
    const given = await fill(before, 300)
    await before.close()
    const macs = [open(path, [ONE, TWO]), open(path, [TWO, ONE])]
    await Promise.all(macs.map((mac) => mac.ready()))
    const ends = await Promise.allSettled(macs.map((mac) => mac.reseal({ vacuum: false })))
    const failed = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
    // Whoever ends before the other has undone anything does not give way.
    for (const { code, message } of failed) {
      expect(code).toBe('ERR_MAC_SEALED')
      expect(message).toMatch(/^Another reseal is at work, .* under the sealing key [0-9a-f]{16}, /)
    }
    expect(await macs[0]?.reseal()).toMatchObject({ sealedBy: ID_ONE, unopened: [] })
    expect(sealedBy(path)).toEqual([ID_ONE])
    for (const mac of macs) expect(await outcomes(mac, given)).toEqual(['200'])
    await Promise.all(macs.map((mac) => mac.close()))
  })

  test('that undoes all between two rounds is noticed, and its work is left', async () => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    const before = open(path, null)
    await fill(before, 250)
    await before.close()
    let undone: ResealedRows | null = null
    const failure = await failureOf(
      resealing(path, [ONE, TWO], async (looked) => {
        if (looked) undone ??= await resealing(path, [TWO, ONE])
      }),
    )
    expect(failure.code).toBe('ERR_MAC_SEALED')
    expect(failure.message).toContain(`which brings all keys under the sealing key ${ID_TWO}`)
    expect(failure.message).toContain(`and this one under ${ID_ONE}: `)
    expect(undone as unknown).toMatchObject({ resealed: 250 })
    expect(sealedBy(path)).toEqual([ID_TWO])
  })
})

describe('servers that still seal by another key', () => {
  test.each([
    ['an earlier sealing key', ONE, `servers still seal by the sealing key ${ID_ONE}, or`],
    ['none', null, 'servers still write keys that are not sealed. '],
  ])('by %s, without end, end it with what to do', async (_, earlier, told) => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    const server = open(path, earlier)
    await server.createCredential('ada', { id: 'z' })
    // Each comes before those that were there: a round under way does not meet it.
    let next = 999
    const failure = await failureOf(
      resealing(path, [TWO, ONE], () => server.createCredential('ada', { id: String(next--) })),
    )
    expect(failure.code).toBe('ERR_MAC_SEALED')
    expect(failure.message).toContain(told)
    expect(failure.message).toContain(`Give all of them ${ID_TWO} as the first sealing key`)
    expect(next).toBeGreaterThan(900)
    const { unopened } = await resealing(path, [TWO, ONE])
    expect(unopened).toEqual([])
    expect(sealedBy(path)).toEqual([ID_TWO])
    await server.close()
  })

  test('for a while, and by rotations, are made up for', async () => {
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
    // Each was sealed once at least, and what was rotated as often as a round met it.
    expect(resealed).toBeGreaterThan(6)
    expect(sealedBy(path)).toEqual([ID_TWO])
    await server.close()
  })
})
