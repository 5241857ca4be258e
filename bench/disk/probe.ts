import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  openSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { openRaw } from '../setup/raw-database.ts'
import { giveBack, given } from '../setup/run-on.ts'
import { macField } from '../signing/mac-field.ts'
import { fetchRequest, ID, KEY } from '../signing/request.ts'
import { createMac } from '../withmac.ts'

/** Each operation, how many syncs were delayed during it, and how long it took. */
export type ProbeResult = readonly {
  readonly what: string
  readonly syncs: number
  readonly milliseconds: number
}[]

// Tries all the ways in which the library syncs, on a slowed-down disk.

const { folder, notes } = given<{ readonly folder: string; readonly notes: string }>()
const found: ProbeResult[number][] = []
const file = openSync(join(folder, 'probe'), 'w')
writeSync(file, 'a')
await probe('fsync', () => fsyncSync(file))
await probe('fdatasync', () => fdatasyncSync(file))
closeSync(file)
const raw = openRaw(join(folder, `probe-${process.pid}.db`), 'full')
raw.exec('create table probe (value integer)')
await probe("a commit of SQLite's", () => raw.exec('insert into probe values (1)'))
raw.close()
const mac = createMac({ database: `sqlite:${join(folder, `probe-mac-${process.pid}.db`)}` })
await mac.createCredential('ada', { id: ID, key: KEY })
for (let sent = 0; sent < 5; sent++) {
  await probe('a verification', async () => {
    const { ok } = await mac.verify(fetchRequest(macField()))
    if (!ok) throw new Error('a valid request was rejected')
  })
}
await mac.close()
giveBack(found satisfies ProbeResult)

async function probe(what: string, work: () => unknown): Promise<void> {
  const before = count()
  const start = performance.now()
  await work()
  found.push({ what, syncs: count() - before, milliseconds: performance.now() - start })
}

function count(): number {
  return existsSync(notes) ? statSync(notes).size : 0
}
