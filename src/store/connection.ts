import type { CompiledQuery } from 'kysely'
import type { Row, Steps } from './steps.ts'

/** What a driver answers: at once, or in time. */
export type Answer<Result> = Result | Promise<Result>

/** Makes something of an answer when it is there: at once, if it is. */
export function whenAnswered<From, To>(answer: Answer<From>, make: (from: From) => To): Answer<To> {
  return answer instanceof Promise ? answer.then(make) : make(answer)
}

/** Does something, and something else if that fails, at once or in time. */
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
 * When a commit is synced: by itself, or with a later sync, which covers all commits before it. A Kysely
 * of the caller's own syncs as the caller set it up.
 */
export type Sync = 'at once' | 'later'

/** What nonces are recorded and removed through. Whatever fails may also throw at once. */
export interface Connection {
  /** Runs a query outside of a transaction. */
  run(query: CompiledQuery): Answer<readonly Row[]>
  /** Takes steps in one transaction, which has the write lock from its start. */
  transact<Result>(steps: () => Steps<Result>, sync: Sync): Answer<Result>
  /** Brings what was written into the main file, when enough has gathered and nobody waits. */
  tidy(): void
}
