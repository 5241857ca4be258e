import assert from 'node:assert/strict'
import { join } from 'node:path'
import { inRounds, type Timed } from '../peers/rounds.ts'
import { scratchFolder } from '../setup/folder.ts'
import { giveBack, given } from '../setup/run-on.ts'
import { freshNonce, ID, seconds } from '../signing/request.ts'
import { type Nonce, openJournal } from '../withmac.ts'
import { openBareLog } from './bare-log.ts'

/** One way to record nonces in batches. */
interface Recording extends Timed<Nonce> {
  /** Throws if it does not record nonces as it says. */
  assertRecords(): Promise<void>
}

const { short } = given<{ short: boolean }>()
const folder = scratchFolder()
let files = 0
const recordings: Recording[] = []
for (const size of [1, 8, 25, 64]) {
  recordings.push(await journal('none', size), await journal('synced', size))
  recordings.push(bare('normal', size), gathered(size), bare('full', size))
}
for (const recording of recordings) await recording.assertRecords()
const pace = short ? { runMs: 1, rounds: 1 } : { runMs: 60, rounds: 21 }
const measured = await inRounds(recordings, pace)
for (const { close } of recordings) await close?.()
giveBack(measured)

/** The journal of the library. A batch is what is recorded in one turn of the event loop. */
async function journal(sync: 'synced' | 'none', inFlight: number): Promise<Recording> {
  const { nonces, close } = await openJournal(join(folder, `${files++}.db`), sync)
  const record = async (batch: readonly Nonce[]) => {
    const recorded = await Promise.all(batch.map((nonce) => nonces.record(nonce)))
    return recorded.filter(({ verdict }) => verdict === 'new').length
  }
  const synced = sync === 'synced'
  return {
    name: `the journal${synced ? ', synced' : ''}`,
    key: synced ? 'journal-synced' : 'journal',
    inFlight,
    rejectsReplay: true,
    prepare,
    run: (all) => inBatches(all, inFlight, record),
    async assertRecords() {
      const batch = Array.from({ length: inFlight }, prepare)
      assert.equal(await record(batch), inFlight, 'new nonces are recorded')
      assert.equal(await record(batch), 0, 'recorded nonces are not new')
      const twin = prepare()
      assert.equal(await record([twin, twin]), 1, 'one of two copies in a batch is new')
    },
    close,
  }
}

/** A bare insert of the same rows. */
function bare(synchronous: 'full' | 'normal', inFlight: number): Recording {
  const log = openBareLog(join(folder, `${files++}.db`), synchronous)
  const append = (batch: readonly Nonce[]) => {
    log.append(batch)
    return batch.length
  }
  const synced = synchronous === 'full'
  return {
    name: `a bare insert${synced ? ', synced' : ''}`,
    key: synced ? 'bare-synced' : 'bare',
    inFlight,
    rejectsReplay: false,
    prepare,
    run: (all) => inBatches(all, inFlight, append),
    async assertRecords() {
      append(Array.from({ length: inFlight }, prepare))
      assert.equal(log.count(), inFlight, 'all nonces are in the file')
    },
    close: log.close,
  }
}

/** The same, but each nonce has its own promise and waits for the end of the turn, as a request does. */
function gathered(inFlight: number): Recording {
  const log = openBareLog(join(folder, `${files++}.db`), 'normal')
  let waiting: { readonly nonce: Nonce; readonly resolve: (recorded: boolean) => void }[] = []
  const flush = () => {
    const batch = waiting
    waiting = []
    log.append(batch.map(({ nonce }) => nonce))
    for (const { resolve } of batch) resolve(true)
  }
  const add = (nonce: Nonce) =>
    new Promise<boolean>((resolve) => {
      if (waiting.push({ nonce, resolve }) === 1) setImmediate(flush)
    })
  const record = async (batch: readonly Nonce[]) => (await Promise.all(batch.map(add))).length
  return {
    name: 'a bare insert, gathered',
    key: 'gathered',
    inFlight,
    rejectsReplay: false,
    prepare,
    run: (all) => inBatches(all, inFlight, record),
    async assertRecords() {
      assert.equal(await record(Array.from({ length: inFlight }, prepare)), inFlight)
      assert.equal(log.count(), inFlight, 'all nonces are in the file')
    },
    close: log.close,
  }
}

function prepare(): Nonce {
  const now = seconds()
  return { timestamp: now, credential: ID, keyNumber: 1, nonce: freshNonce(), now }
}

async function inBatches(
  all: readonly Nonce[],
  size: number,
  record: (batch: readonly Nonce[]) => number | Promise<number>,
): Promise<number> {
  let recorded = 0
  for (let from = 0; from < all.length; from += size) {
    recorded += await record(all.slice(from, from + size))
  }
  return recorded
}
