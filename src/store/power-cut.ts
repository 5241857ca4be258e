import { type Kysely, sql } from 'kysely'
import { currentBoot, isSameBoot } from './boot.ts'
import type { Connection, Durability } from './connection.ts'
import type { MacDatabase } from './schema.ts'
import { allState, present, raiseState, setState, stateOf } from './state.ts'
import type { Steps } from './steps.ts'

/**
 * How far the mark is put ahead of the clock, in seconds: it is synced once in so many, and a power
 * cut makes that much later timestamps refused.
 */
const AHEAD = 5

/**
 * What keeps a power cut from letting a replay in where commits are not synced one by one
 * (`durability: 'normal'`). The machine may then lose the last of them, and with them nonces.
 *
 * So a mark is kept in the database, always synced. Whatever is recorded with a timestamp up to the
 * mark may be lost; what is recorded above it is synced at once. Who opens the database on another
 * boot than the last writer's raises the floor above the mark: of that time nothing is called new.
 */
export class PowerCutGuard {
  readonly #db: Kysely<MacDatabase>
  #mark = 0

  constructor(db: Kysely<MacDatabase>) {
    this.#db = db
  }

  /** Whether a nonce with this timestamp may be lost without a replay. */
  covers(timestamp: number): boolean {
    return timestamp <= this.#mark
  }

  /** Puts the mark ahead of the clock. A client's clock that is further ahead does not move it. */
  async raise(connection: Connection, now: number): Promise<void> {
    const mark = now + AHEAD
    if (mark <= this.#mark) return
    // Written also where it is as high already: what this process noted of the boot is synced with it.
    const [raised] = await connection.run(
      this.#db
        .updateTable('mac_state')
        .set({ value: sql<number>`max(value, ${mark})` })
        .where('name', '=', 'high_water')
        .returning('value')
        .compile(),
      'at once',
    )
    present('high_water', raised?.value)
    this.#mark = mark
  }
}

/**
 * Makes up for a power cut when the database is opened, and keeps the boot that it is written on.
 * Where nothing is to be done it only reads, so that no lock of another process is waited for.
 *
 * @param db Compiles the statements; it does not run them.
 * @param durability Of the one who opens it. Another may have written to it with `normal` before.
 */
export async function makeUpForPowerCut(
  connection: Connection,
  db: Kysely<MacDatabase>,
  durability: Durability,
): Promise<void> {
  const written = present('boot', stateOf(await connection.run(allState(db))).get('boot'))
  if (written === 0 && durability === 'full') return
  const boot = currentBoot()
  if (!isSameBoot(written, boot)) {
    await connection.transact(() => afterBoot(db, boot), 'later')
  }
}

function* afterBoot(db: Kysely<MacDatabase>, boot: number): Steps<void> {
  const state = stateOf(yield allState(db))
  const written = present('boot', state.get('boot'))
  const mark = present('high_water', state.get('high_water'))
  // Another process may have been here in between.
  if (isSameBoot(written, boot)) return
  if (written !== 0) yield raiseState(db, 'nonce_floor', mark + 1)
  yield setState(db, 'boot', boot)
}
