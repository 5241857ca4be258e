import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { copyWith, type Mistake, SOURCE } from '../mistaken-code.ts'
import { Random } from '../random.ts'
import { MISTAKES } from './mistakes.ts'
import { type JournalCode, JournalWorld, openJournalDatabase, type Troubles } from './world.ts'

/*
 * A model of several processes on one journal: the library's own code on a simulated disk. No nonce may be
 * accepted twice; and with each mistake that is put into the code, one must be.
 */

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
  },
})
const seconds = Number(values.seconds)
const seed = Number(values.seed)
/** How many steps a world lives. */
const STEPS = 80
const TROUBLES: readonly Troubles[] = [
  { disk: false, hands: false },
  { disk: true, hands: false },
  { disk: false, hands: true },
  { disk: true, hands: true },
]
/** A mistake may take long to show, but not for ever. */
const PATIENCE = 300 + seconds

interface Searched {
  readonly worlds: number
  readonly accepted: number
  /** What happened in a world in which a nonce was accepted twice. */
  readonly events: readonly string[] | null
}

// Journals tell the operator of memory that is full, in world after world.
console.error = () => {}
console.log(`the journal's model, seed ${seed}`)
const database = await openJournalDatabase()
let failed = 0
let most = 0
for (const mistake of MISTAKES) {
  const { events, worlds } = await search(await codeOf(mistake), PATIENCE, 0)
  if (events === null) failed++
  else most = Math.max(most, worlds)
  console.log(`${events === null ? 'MISSED ' : 'caught '} ${mistake.name} (${worlds} worlds)`)
}
// At least the worlds in which mistakes were caught: with another seed, or a fault of the code's own, they
// might be caught by luck.
const searched = await search(await codeOf(null), seconds, most)
const holds = searched.events === null
if (!holds) failed++
console.log(
  `${holds ? 'holds  ' : 'BROKEN '} the code as it is: ${searched.worlds} worlds, ${searched.accepted} accepted`,
)
for (const event of searched.events ?? []) console.log(`    ${event}`)
console.log(`${MISTAKES.length + 1 - failed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)

/** Makes worlds until a nonce is accepted twice, or the time is over and there were as many as wanted. */
async function search(code: JournalCode, forSeconds: number, least: number): Promise<Searched> {
  const random = new Random(seed)
  const end = performance.now() + forSeconds * 1000
  let accepted = 0
  let worlds = 0
  while (worlds < least || performance.now() < end) {
    const world = await JournalWorld.create(code, random.branch(), random.pick(TROUBLES), database)
    worlds++
    for (let step = 0; step < STEPS && world.violation === null; step++) await world.step()
    const { violation, events } = world
    accepted += world.accepted
    if (violation !== null) return { worlds, accepted, events: [...events, `TWICE: ${violation}`] }
  }
  return { worlds, accepted, events: null }
}

/** The library's code, or a copy of it with a mistake. */
async function codeOf(mistake: Mistake | null): Promise<JournalCode> {
  const source = mistake === null ? SOURCE : copyWith([mistake])
  const load = (file: string) => import(pathToFileURL(join(source, file)).href)
  const { Journal } = await load('store/journal.ts')
  const { LogSync } = await load('store/log-sync.ts')
  const { SqliteConnection } = await load('store/connection.ts')
  return { Journal, LogSync, SqliteConnection }
}
