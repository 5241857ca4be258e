import type { CompiledQuery, Kysely } from 'kysely'
import { tellingBatches, tellingRemoval } from '../diagnostics/tell-work.ts'
import { GroupCommit, type Recorder } from './batch.ts'
import { isBusy } from './busy.ts'
import { type Answer, attempted, type Connection, type Sync, whenAnswered } from './connection.ts'
import type { Guard } from './guard.ts'
import { removeExpired } from './nonce-expiry.ts'
import { NonceInsert } from './nonce-insert.ts'
import type { PowerCutGuard } from './power-cut.ts'
import type { MacDatabase } from './schema.ts'
import type { Steps } from './steps.ts'
import type { Nonce, NonceStore, Recorded } from './store.ts'
import { type StoreFailure, storeFailure } from './store-failure.ts'
import { UsageFailures } from './usage/usage-failures.ts'
import { type Due, NOTHING_DUE, type UsageTally } from './usage/usage-tally.ts'
import { UsageWrite } from './usage/usage-write.ts'

/** What a nonce store over SQL is made of. */
export interface SqlNoncesParts {
  /** What the operator knows the database by. */
  readonly name: string
  /** Its file, where it has one of ours. */
  readonly path: string | null
  /** What it is called in messages. */
  readonly label: string
  /** Compiles the statements; it does not run them. */
  readonly db: Kysely<MacDatabase>
  readonly connection: Connection
  readonly guarded: Guard
  /** Where commits are not synced one by one. */
  readonly powerCut: PowerCutGuard | null
  readonly tally: UsageTally
  /** Fails what takes too long, where the connection may wait for itself. */
  inTime<Result>(work: Promise<Result>): Promise<Result>
  /** Is called before each batch; what it throws counts as the store's failure. */
  check(): void
}

/** Nonces over SQL, recorded in groups. */
export class SqlNonces implements NonceStore {
  readonly #parts: SqlNoncesParts
  readonly #insert: NonceInsert
  readonly #usage: UsageWrite
  readonly #usageFails = new UsageFailures()
  readonly #failure: StoreFailure
  readonly #commits: GroupCommit

  constructor(parts: SqlNoncesParts) {
    this.#parts = parts
    this.#insert = new NonceInsert(parts.db)
    this.#usage = new UsageWrite(parts.db)
    this.#failure = storeFailure(parts.name, parts.path)
    const recorder: Recorder = {
      record: tellingBatches(parts.label, (batch, alike) => this.#record(batch, alike)),
      between: () => parts.connection.tidy(),
      failure: this.#failure,
    }
    this.#commits = new GroupCommit(recorder)
  }

  record(nonce: Nonce): Promise<Recorded> {
    return this.#parts.inTime(this.#commits.record(nonce))
  }

  async prune(now: number, keepSeconds: number, limit: number): Promise<number> {
    const { connection, db, guarded, label } = this.#parts
    const steps = () => removeExpired(db, now, keepSeconds, limit)
    return tellingRemoval(label, 'nonces', () =>
      guarded(async () => connection.transact(steps, 'later')),
    )
  }

  failed(credential: string, now: number, exists = true): void {
    this.#parts.tally.failures.count(credential, now, exists)
  }

  /** Lets what waits be recorded, and writes what no nonce took along. */
  async drain(): Promise<void> {
    await this.#commits.drain()
    const { connection, guarded, tally } = this.#parts
    const due = tally.all()
    if (due.uses.length + due.failures.length === 0) return
    const write = async () => connection.transact(() => this.#usage.write(due), 'later')
    // Nobody is let in or kept out by them.
    await guarded(write).catch(() => {})
  }

  #record(batch: readonly Nonce[], alike: boolean): Answer<readonly Recorded[]> {
    const { connection, check, tally } = this.#parts
    check()
    const query = this.#insert.query(batch, alike)
    const { now = 0 } = batch[0] ?? {}
    const alone = () => {
      const rows = this.#commit(batch, (sync) => connection.run(query, sync))
      return whenAnswered(rows, (all) => this.#insert.recorded(batch, all, alike))
    }
    const saw = (recorded: readonly Recorded[]) => {
      tally.saw(batch, recorded)
      return recorded
    }
    if (!tally.isDue(batch) || this.#usageFails.lately(now)) return whenAnswered(alone(), saw)
    const steps = () => this.#withUsage(batch, query, alike)
    const written = attempted(
      () => this.#commit(batch, (sync) => connection.transact(steps, sync)),
      (error) => {
        // Who gets in does not depend on what is noted of it; a lock is waited for as ever.
        if (isBusy(error)) throw error
        const recorded = alone()
        this.#usageFails.tell(this.#parts.name, now, this.#failure(error))
        return whenAnswered(recorded, (all) => ({ recorded: all, due: NOTHING_DUE }))
      },
    )
    return whenAnswered(written, ({ recorded, due }) => {
      tally.wrote(due)
      return saw(recorded)
    })
  }

  *#withUsage(batch: readonly Nonce[], query: CompiledQuery, alike: boolean): Steps<WithUsage> {
    const recorded = this.#insert.recorded(batch, yield query, alike)
    const due = this.#parts.tally.dueWith(batch, recorded)
    yield* this.#usage.write(due)
    return { recorded, due }
  }

  /** Has a batch committed, in such a way that a power cut lets none of it pass again. */
  #commit<Result>(batch: readonly Nonce[], commit: (sync: Sync) => Answer<Result>): Answer<Result> {
    const { connection, powerCut } = this.#parts
    if (powerCut === null) return commit('by durability')
    const latest = Math.max(...batch.map(({ timestamp }) => timestamp))
    if (powerCut.covers(latest)) return commit('by durability')
    const now = Math.max(...batch.map((nonce) => nonce.now))
    return (async () => {
      await powerCut.raise(connection, now)
      return commit(powerCut.covers(latest) ? 'by durability' : 'at once')
    })()
  }
}

/** What became of a batch, and what was written with it. */
interface WithUsage {
  readonly recorded: readonly Recorded[]
  readonly due: Due
}
