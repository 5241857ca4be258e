import type { CompiledQuery } from 'kysely'

/** A row as a driver gives it. */
export type Row = Readonly<Record<string, unknown>>

/**
 * Work on the database, query by query: each `yield` hands out a query and gets its rows back, or throws
 * what the query failed with. So it is written once, whether the driver answers at once or with a promise.
 */
export type Steps<Result> = Generator<CompiledQuery, Result, readonly Row[]>

/** Takes the steps with a driver that answers at once: nothing can come in between. */
export function takeNow<Result>(
  steps: Steps<Result>,
  run: (query: CompiledQuery) => readonly Row[],
): Result {
  let step = steps.next()
  while (!step.done) {
    let rows: readonly Row[]
    try {
      rows = run(step.value)
    } catch (error) {
      step = steps.throw(error)
      continue
    }
    step = steps.next(rows)
  }
  return step.value
}

/** Takes the steps with a driver that answers in time. */
export async function takeInTime<Result>(
  steps: Steps<Result>,
  run: (query: CompiledQuery) => Promise<readonly Row[]>,
): Promise<Result> {
  let step = steps.next()
  while (!step.done) {
    let rows: readonly Row[]
    try {
      rows = await run(step.value)
    } catch (error) {
      step = steps.throw(error)
      continue
    }
    step = steps.next(rows)
  }
  return step.value
}
