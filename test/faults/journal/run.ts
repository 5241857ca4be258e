import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { copyWith, type Mistake, SOURCE } from '../mistaken-code.ts'
import { Random } from '../random.ts'
import { MISTAKES } from './mistakes.ts'
import { type JournalCode, JournalWorld, openJournalDatabase, type Troubles } from './world.ts'

/*
 * A model of several processes on one journal: the code of the library on a simulated disk. No nonce may be
 * accepted twice. With each mistake that is put into the code, a nonce must be accepted twice.
 */

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
  },
})
const seconds = Number(values.seconds)
const seed = Number(values.seed)
/** How many steps a world has. */
const STEPS = 80
const TROUBLES: readonly Troubles[] = [
  { disk: false, hands: false },
  { disk: true, hands: false },
  { disk: false, hands: true },
  { disk: true, hands: true },
]
/** How long to search for the effect of a mistake, in seconds. */
const PATIENCE = 300 + seconds

interface Searched {
  readonly worlds: number
  readonly accepted: number
  /** The events of a world in which a nonce was accepted twice. */
  readonly events: readonly string[] | null
}

// Journals print that memory is full, in each world.
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
// As many worlds as the longest search for a mistake: in fewer worlds a fault of the code itself might not
// show.
const searched = await search(await codeOf(null), seconds, most)
const holds = searched.events === null
if (!holds) failed++
console.log(
  `${holds ? 'holds  ' : 'BROKEN '} the unchanged code: ${searched.worlds} worlds, ${searched.accepted} accepted`,
)
for (const event of searched.events ?? []) console.log(`    ${event}`)
console.log(`${MISTAKES.length + 1 - failed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)

/** Runs worlds until a nonce is accepted twice, or until the time is over and at least `least` have run. */
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

/** @returns The code of the library, or of a copy with a mistake. */
async function codeOf(mistake: Mistake | null): Promise<JournalCode> {
  const source = mistake === null ? SOURCE : copyWith([mistake])
  const load = (file: string) => import(pathToFileURL(join(source, file)).href)
  const { Journal } = await load('store/journal.ts')
  const { LogSync } = await load('store/log-sync.ts')
  const { SqliteConnection } = await load('store/connection.ts')
  return { Journal, LogSync, SqliteConnection }
}
