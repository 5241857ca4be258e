import { MacError } from '../../src/errors.ts'
import {
  type FingerprintedNonce,
  GroupCommit,
  type Recorder,
} from '../../src/store/group-commit.ts'
import type { Recorded } from '../../src/store/types.ts'
import { expect, spyOn, test } from '../support/runner.ts'

const NEW: Recorded = { verdict: 'new', version: 1 }

/** A recorder that keeps its batches, and calls `work` with each. */
function recorder(
  work: (batch: readonly FingerprintedNonce[], at: number) => void = () => {},
  synced: Recorder['synced'] = () => null,
) {
  const batches: string[][] = []
  const made: Recorder = {
    commit(batch) {
      batches.push(batch.map(({ nonce }) => nonce))
      work(batch, batches.length)
      return batch.map(() => NEW)
    },
    synced,
    toMacError: (cause) => new MacError('ERR_MAC_STORE', String(cause)),
  }
  return { batches, commits: new GroupCommit(made) }
}

const nonce = (text: string | number): FingerprintedNonce => ({
  timestamp: 1_700_000_000,
  credential: 'ada',
  keyNumber: 1,
  nonce: String(text),
  now: 1_700_000_000,
  fingerprint: { high: 1, low: 1 },
})
const many = (count: number, from = 0) => Array.from({ length: count }, (_, at) => nonce(from + at))

/** Returns the verdict on each nonce: `new`, or the code of the error. */
async function settle(all: readonly Promise<Recorded>[]): Promise<string[]> {
  const results = await Promise.allSettled(all)
  return results.map((result) =>
    result.status === 'fulfilled' ? result.value.verdict : result.reason.code,
  )
}

test('a single nonce is recorded at once', async () => {
  const { batches, commits } = recorder()
  const recorded = commits.add(nonce('alone'))
  expect(batches).toEqual([['alone']])
  expect(await recorded).toBe(NEW)
})

test('nonces of one turn share a batch, and in the next turn the first nonce joins them', async () => {
  const { batches, commits } = recorder()
  await Promise.all(many(8).map((each) => commits.add(each)))
  await commits.drain()
  await Promise.all(many(8, 100).map((each) => commits.add(each)))
  expect(batches.map(({ length }) => length)).toEqual([1, 7, 8])
  await commits.drain()
  await commits.add(nonce('alone'))
  await commits.drain()
  const again = commits.add(nonce('alone again'))
  expect(batches.at(-1)).toEqual(['alone again'])
  await again
})

test('a batch is answered when it is synced, and the next batch is committed meanwhile', async () => {
  const syncs: ReturnType<typeof Promise.withResolvers<void>>[] = []
  const { batches, commits } = recorder(undefined, () => {
    const sync = Promise.withResolvers<void>()
    syncs.push(sync)
    return sync.promise
  })
  const answered: string[] = []
  const record = (text: string) =>
    commits.add(nonce(text)).then(
      () => answered.push(text),
      ({ code }) => answered.push(`${text} ${code}`),
    )
  const first = record('first')
  const others = [record('a'), record('b')]
  while (batches.length < 2) await new Promise((resolve) => setTimeout(resolve, 1))
  expect(batches).toEqual([['first'], ['a', 'b']])
  expect(answered).toEqual([])
  syncs[1]?.reject(new Error('no room'))
  await Promise.all(others)
  expect(answered).toEqual(['a ERR_MAC_STORE', 'b ERR_MAC_STORE'])
  const drained = commits.drain()
  syncs[0]?.resolve()
  await first
  await drained
  expect(answered.at(-1)).toBe('first')
})

test('those that wait for a sync count among those that wait', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { commits } = recorder(undefined, () => promise)
  const waiting = many(10_000).map((each) => commits.add(each))
  expect(await settle([commits.add(nonce('late'))])).toEqual(['ERR_MAC_STORE'])
  resolve()
  expect(new Set(await settle(waiting))).toEqual(new Set(['new']))
  expect(await settle([commits.add(nonce('later'))])).toEqual(['new'])
})

test('timestamps that differ by more than a batch can note are in different batches', async () => {
  const { batches, commits } = recorder()
  const at = (timestamp: number, text: string) => commits.add({ ...nonce(text), timestamp })
  await Promise.all([at(5, 'first'), at(5, 'a'), at(2 ** 32 + 4, 'b'), at(2 ** 32 + 5, 'c')])
  expect(batches).toEqual([['first'], ['a', 'b'], ['c']])
})

test('a batch has at most 512 nonces', async () => {
  const { batches, commits } = recorder()
  await Promise.all(many(1300).map((each) => commits.add(each)))
  const sizes = batches.map(({ length }) => length)
  expect(Math.max(...sizes)).toBe(512)
  expect(sizes.reduce((sum, size) => sum + size)).toBe(1300)
})

test('if a batch fails, only its own requests fail', async () => {
  const { commits } = recorder((batch) => {
    if (batch.some((each) => each.nonce === '600')) throw new Error('disk full')
  })
  const verdicts = await settle(many(1300).map((each) => commits.add(each)))
  expect(verdicts[600]).toBe('ERR_MAC_STORE')
  expect(verdicts.filter((verdict) => verdict !== 'new')).toHaveLength(512)
  expect(verdicts.slice(0, 64)).toEqual(Array.from({ length: 64 }, () => 'new'))
  expect(await settle([commits.add(nonce('later'))])).toEqual(['new'])
})

test('if ten thousand nonces wait, further ones get an error, and those that wait do not', async () => {
  const { commits } = recorder()
  const verdicts = await settle(many(10_010).map((each) => commits.add(each)))
  // The first was recorded at once, so it does not wait.
  expect(verdicts.filter((verdict) => verdict === 'new')).toHaveLength(10_001)
  expect(verdicts.slice(-9)).toEqual(Array.from({ length: 9 }, () => 'ERR_MAC_STORE'))
})

test('nonces wait for a lock, with those that come meanwhile, in their order', async () => {
  let locked = true
  const { batches, commits } = recorder(() => {
    if (locked) throw Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' })
  })
  const all = many(5).map((each) => commits.add(each))
  setTimeout(() => {
    all.push(commits.add(nonce('late')))
    locked = false
  }, 20)
  expect(await settle(all.slice(0, 5))).toEqual(['new', 'new', 'new', 'new', 'new'])
  expect(await all[5]).toBe(NEW)
  expect(batches.at(-1)).toEqual(['0', '1', '2', '3', '4', 'late'])
})

test('no nonce waits longer than two seconds for a lock, however many there are', async () => {
  let now = 0
  const clock = spyOn(performance, 'now').mockImplementation(() => now)
  try {
    const { commits } = recorder(() => {
      // Each try takes 100 ms by this clock, also on a busy machine.
      now += 100
      throw Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' })
    })
    const all = [...many(1300), ...many(1300)].map((each) => commits.add(each))
    expect(new Set(await settle(all))).toEqual(new Set(['ERR_MAC_STORE']))
    expect(now).toBeGreaterThan(1900)
    // If a second batch waited after the first, it would take at least four seconds.
    expect(now).toBeLessThan(3500)
  } finally {
    clock.mockRestore()
  }
})
