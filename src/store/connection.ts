import type { CompiledQuery } from 'kysely'
import type { Row, Steps } from './steps.ts'

/** What a driver answers: at once, or in time. */
export type Answer<Result> = Result | Promise<Result>

/** What nonces are recorded and removed through. Whatever fails may also throw at once. */
export interface Connection {
  /** Runs a query that is a transaction by itself. */
  run(query: CompiledQuery): Answer<readonly Row[]>
  /** Runs a query whose transaction is on disk when it is answered, whatever the durability. */
  runSynced(query: CompiledQuery): Answer<readonly Row[]>
  /** Takes steps in one transaction, of which nothing is lost if a later one is on disk. */
  transact<Result>(steps: () => Steps<Result>): Answer<Result>
  /** Brings what was written into the main file, when enough has gathered and nobody waits. */
  tidy(): void
}

/** How hard a commit is synced: see the option `durability`. */
export type Durability = 'full' | 'normal'
