import { MacError } from '../../src/errors.ts'

/** Returns the `MacError` that some work throws. Fails if it throws another error, or none. */
export function refusal(work: () => unknown): MacError {
  let result: unknown
  try {
    result = work()
  } catch (error) {
    if (error instanceof MacError) return error
    throw error
  }
  throw new Error(`nothing was thrown, the result is ${JSON.stringify(result)}`)
}

/** Returns the result of some work, or `null` if it throws a `MacError`. */
export function unlessRefused<Result>(work: () => Result): Result | null {
  try {
    return work()
  } catch (error) {
    if (error instanceof MacError) return null
    throw error
  }
}
