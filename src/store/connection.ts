import type { CompiledQuery } from 'kysely'
import type { Row, Steps } from './steps.ts'

/** What a driver answers: at once, or in time. */
export type Answer<Result> = Result | Promise<Result>

/** Makes something of an answer when it is there: at once, if it is. */
export function whenAnswered<From, To>(answer: Answer<From>, make: (from: From) => To): Answer<To> {
  return answer instanceof Promise ? answer.then(make) : make(answer)
}

/** Does something, and something else where that fails, at once or in time. */
export function attempted<Result>(
  work: () => Answer<Result>,
  otherwise: (error: unknown) => Answer<Result>,
): Answer<Result> {
  try {
    const answer = work()
    return answer instanceof Promise ? answer.catch(otherwise) : answer
  } catch (error) {
    return otherwise(error)
  }
}

/**
 * When what is committed is synced: with the commit, whatever the durability; as the durability has
 * it; or with a later one, for what nobody misses as long as nothing later is there either.
 */
export type Sync = 'at once' | 'by durability' | 'later'

/** What nonces are recorded and removed through. Whatever fails may also throw at once. */
export interface Connection {
  /** Runs a query that is a transaction by itself, synced by durability unless told otherwise. */
  run(query: CompiledQuery, sync?: Sync): Answer<readonly Row[]>
  /** Takes steps in one transaction. */
  transact<Result>(steps: () => Steps<Result>, sync: Sync): Answer<Result>
  /** Brings what was written into the main file, when enough has gathered and nobody waits. */
  tidy(): void
}

/** How hard a commit is synced: see the option `durability`. */
export type Durability = 'full' | 'normal'
