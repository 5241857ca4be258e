import { MacError } from '../../src/errors.ts'
import {
  type HashedNonce,
  type SharedEngine,
  SharedNonces,
  type Timing,
} from '../../src/store/shared-nonces.ts'
import type { StoreParts } from '../../src/store/store-parts.ts'
import type { Nonce, Recorded } from '../../src/store/types.ts'
import { UsageCounters } from '../../src/store/usage/usage-counters.ts'
import { expect, test } from '../support/runner.ts'

const NOW = 1_700_000_000
const NEW: Recorded = { verdict: 'new', version: 1 }

/** A clock that stands still until a test moves it. */
function clock() {
  let now = 0
  const calls = new Set<{ readonly at: number; readonly call: () => void }>()
  const timing: Timing = {
    now: () => now,
    after(milliseconds, call) {
      const planned = { at: now + milliseconds, call }
      calls.add(planned)
      return () => calls.delete(planned)
    },
  }
  return {
    timing,
    timers: () => calls.size,
    pass(milliseconds: number) {
      now += milliseconds
      for (const planned of [...calls].filter(({ at }) => at <= now)) {
        calls.delete(planned)
        planned.call()
      }
    },
  }
}

/** An engine that answers a batch when the test says so. */
function heldEngine(largestBatch = 4) {
  const batches: {
    readonly nonces: readonly HashedNonce[]
    answer(recorded?: readonly Recorded[]): void
    fail(error: Error): void
  }[] = []
  const engine: SharedEngine = {
    ...{ nameInErrors: 'The store', label: 'store', largestBatch },
    record(nonces) {
      const { promise, resolve, reject } = Promise.withResolvers<readonly Recorded[]>()
      const answer = (recorded = nonces.map(() => NEW)) => resolve(recorded)
      batches.push({ nonces, answer, fail: reject })
      return promise
    },
    prune: async () => 0,
    close: async () => {},
  }
  return {
    engine,
    batches,
    texts: () => batches.map(({ nonces }) => nonces.map((each) => each.nonce)),
  }
}

function opened({ largestBatch = 4, check = () => {} } = {}) {
  const { engine, batches, texts } = heldEngine(largestBatch)
  const time = clock()
  const counters = new UsageCounters()
  // Nothing is due for these: the usage is tested with real databases.
  counters.dueWith = () => ({ uses: [], failures: [], traffic: [] })
  const parts = { language: 'sqlite', counters, check, db: emptyDb } as unknown as StoreParts
  const nonces = new SharedNonces(engine, parts, 2, time.timing)
  const record = (text: string, more: Partial<Nonce> = {}) => {
    const given = { timestamp: NOW, credential: 'ada', keyNumber: 1, nonce: text, now: NOW }
    const recorded = nonces.record({ ...given, ...more })
    // Tests look at the result later.
    recorded.catch(() => {})
    return recorded
  }
  return { nonces, batches, texts, time, record }
}

/** Compiles statements that no test runs. */
const emptyDb = { getExecutor: () => executor }
const executor = {
  transformQuery: <Node>(node: Node) => node,
  compileQuery: () => ({ sql: '', parameters: [] }),
}

/** Waits until the batches of this turn were sent, and their answers have arrived. */
const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

/** Returns what each request got: a verdict, the code of an error, or `waits`. */
async function outcomes(all: readonly Promise<Recorded>[]): Promise<string[]> {
  await turn()
  const waits = Promise.resolve('waits')
  return Promise.all(
    all.map((each) => {
      const result = each.then(
        ({ verdict }) => verdict,
        (error: MacError) => error.code,
      )
      return Promise.race([result, turn().then(() => waits)])
    }),
  )
}

test('the nonces of one turn are sent together, in batches of the largest size', async () => {
  const { record, texts } = opened({ largestBatch: 3 })
  for (const text of 'abcdefg') record(text)
  expect(texts()).toEqual([])
  await turn()
  expect(texts()).toEqual([['a', 'b', 'c'], ['d', 'e', 'f'], ['g']])
})

test('at most four batches are on their way, and nonces that come meanwhile are the next one', async () => {
  const { record, batches, texts } = opened({ largestBatch: 1 })
  for (const text of 'abcdef') record(text)
  await turn()
  expect(texts()).toEqual([['a'], ['b'], ['c'], ['d']])
  batches[2]?.answer()
  await turn()
  expect(texts().slice(4)).toEqual([['e']])
})

test('copies join a nonce that waits or was sent, and only the first is new', async () => {
  const { record, batches, texts } = opened()
  const first = record('a')
  const queued = record('a')
  await turn()
  const sent = record('a')
  expect(await outcomes([first, queued, sent])).toEqual(['waits', 'waits', 'waits'])
  expect(texts()).toEqual([['a']])
  batches[0]?.answer()
  expect(await outcomes([first, queued, sent])).toEqual(['new', 'seen', 'seen'])
})

test('if a nonce fails, is forgotten or is ahead, so are its copies', async () => {
  const { record, batches } = opened({ largestBatch: 1 })
  const all = ['a', 'a', 'b', 'b', 'c', 'c'].map((text) => record(text))
  await turn()
  batches[0]?.fail(new Error('connection reset'))
  batches[1]?.answer([{ verdict: 'forgotten', version: 1, floor: NOW + 1 }])
  batches[2]?.answer([{ verdict: 'ahead', version: 1, ceiling: NOW - 1 }])
  const failed = ['ERR_MAC_STORE', 'ERR_MAC_STORE']
  expect(await outcomes(all)).toEqual([...failed, 'forgotten', 'forgotten', 'ahead', 'ahead'])
  // They are not remembered: the store decides again.
  for (const text of 'abc') record(text)
  await turn()
  expect(batches.map(({ nonces }) => nonces[0]?.nonce).slice(3)).toEqual(['a', 'b', 'c'])
})

test('a nonce that was recorded is remembered, and its copies do not reach the store', async () => {
  const { nonces, record, batches, texts } = opened()
  expect(nonces.isKnown(NOW, 'ada', 'a')).toBe(false)
  const first = [record('a'), record('b')]
  await turn()
  batches[0]?.answer([NEW, { verdict: 'seen', version: null }])
  expect(await outcomes(first)).toEqual(['new', 'seen'])
  expect(await outcomes([record('a'), record('b')])).toEqual(['seen', 'seen'])
  expect(nonces.isKnown(NOW, 'ada', 'a')).toBe(true)
  expect(nonces.isKnown(NOW + 1, 'ada', 'a')).toBe(false)
  expect(nonces.isKnown(NOW, 'eve', 'a')).toBe(false)
  expect(texts()).toHaveLength(1)
})

test('the memory of recorded nonces is bounded, and what it forgets the store decides', async () => {
  const { nonces, record, batches } = opened({ largestBatch: 10_000 })
  for (let round = 0; round < 20; round++) {
    const all = Array.from({ length: 10_000 }, (_, at) => record(`${round}-${at}`))
    await turn()
    batches.at(-1)?.answer()
    await Promise.all(all)
  }
  const known = Array.from({ length: 200_000 }, (_, at) =>
    nonces.isKnown(NOW, 'ada', `${Math.floor(at / 10_000)}-${at % 10_000}`),
  )
  expect(known.filter((is) => is).length).toBeLessThanOrEqual(65_536)
  expect(known.slice(-32_768)).not.toContain(false)
  record('0-0')
  await turn()
  expect(batches.at(-1)?.nonces[0]?.nonce).toBe('0-0')
})

test('a request is rejected at its deadline if the store never answers, and other batches go on', async () => {
  const { record, batches, time } = opened({ largestBatch: 1 })
  const first = record('a', { deadline: 500 })
  const second = record('b')
  await turn()
  time.pass(499)
  expect(await outcomes([first, second])).toEqual(['waits', 'waits'])
  time.pass(1)
  expect(await outcomes([first, second])).toEqual(['ERR_MAC_STORE', 'waits'])
  batches[1]?.answer()
  expect(await outcomes([second])).toEqual(['new'])
  // Without a deadline of its own, a request waits for storeTimeoutSeconds.
  const third = record('c')
  await turn()
  time.pass(1999)
  expect(await outcomes([third])).toEqual(['waits'])
  time.pass(1)
  expect(await outcomes([third])).toEqual(['ERR_MAC_STORE'])
  expect(time.timers()).toBe(0)
})

test('batches that never get an answer do not keep the places of others', async () => {
  const { record, batches, texts, time } = opened({ largestBatch: 1 })
  const stuck = [...'abcd'].map((text) => record(text))
  await turn()
  time.pass(1000)
  const later = record('e')
  // Copies that join do not prolong the wait either.
  const copy = record('a')
  await turn()
  expect(texts()).toHaveLength(4)
  time.pass(1000)
  expect(await outcomes([...stuck, copy])).toEqual(Array.from({ length: 5 }, () => 'ERR_MAC_STORE'))
  expect(texts()[4]).toEqual(['e'])
  batches[4]?.answer()
  expect(await outcomes([later])).toEqual(['new'])
  // An answer that comes too late changes nothing.
  batches[0]?.answer()
  await turn()
  record('a')
  await turn()
  expect(texts()[5]).toEqual(['a'])
})

test('a nonce whose requests are late before it is sent is not sent', async () => {
  const { record, batches, texts, time } = opened({ largestBatch: 1 })
  const sent = [...'abcd'].map((text) => record(text))
  await turn()
  const late = record('e', { deadline: 100 })
  const first = record('f', { deadline: 100 })
  const copy = record('f')
  time.pass(100)
  for (const batch of batches) batch.answer()
  await Promise.all(sent)
  expect(await outcomes([late, first])).toEqual(['ERR_MAC_STORE', 'ERR_MAC_STORE'])
  expect(texts().slice(4)).toEqual([['f']])
  batches[4]?.answer()
  expect(await outcomes([copy])).toEqual(['new'])
})

test('if the first request is late after its nonce was sent, no copy of it is new', async () => {
  const { record, batches, time } = opened()
  const first = record('a', { deadline: 100 })
  const queued = record('a')
  await turn()
  const joined = record('a')
  time.pass(100)
  batches[0]?.answer()
  expect(await outcomes([first, queued, joined])).toEqual(['ERR_MAC_STORE', 'seen', 'seen'])
})

test('if a batch fails, only its own requests fail', async () => {
  const { record, batches } = opened({ largestBatch: 1 })
  const all = ['a', 'b'].map((text) => record(text))
  await turn()
  batches[0]?.fail(new Error('connection reset'))
  batches[1]?.answer()
  expect(await outcomes(all)).toEqual(['ERR_MAC_STORE', 'new'])
})

test('a batch fails if the store may not be used any more', async () => {
  const check = () => {
    throw new MacError('ERR_MAC_CLOSED', 'closed')
  }
  const { record, batches } = opened({ check })
  expect(await outcomes([record('a')])).toEqual(['ERR_MAC_CLOSED'])
  expect(batches).toEqual([])
})

test('if ten thousand requests wait, further ones get an error, copies too, and those that wait do not', async () => {
  const { record, batches } = opened({ largestBatch: 10_000 })
  const all = Array.from({ length: 10_000 }, (_, at) => record(`${at % 5000}`))
  await turn()
  expect(await outcomes([record('late'), record('0')])).toEqual(['ERR_MAC_STORE', 'ERR_MAC_STORE'])
  batches[0]?.answer()
  const results = await outcomes(all)
  expect(results.filter((each) => each === 'new')).toHaveLength(5000)
  expect(results.filter((each) => each === 'seen')).toHaveLength(5000)
  expect(await outcomes([record('0')])).toEqual(['seen'])
})

test('close waits for the requests that wait, but not after their deadlines', async () => {
  const { nonces, record, batches, time } = opened()
  const answered = record('a')
  await turn()
  let closed = false
  const closing = nonces.close().then(() => {
    closed = true
  })
  const stuck = record('b')
  await turn()
  batches[0]?.answer()
  expect(await outcomes([answered])).toEqual(['new'])
  expect(closed).toBe(false)
  time.pass(2000)
  expect(await outcomes([stuck])).toEqual(['ERR_MAC_STORE'])
  await closing
})
