import { MacError } from '../../src/errors.ts'

/** The `MacError` that a piece of work throws. What else it throws, or that it does not, fails. */
export function refusal(work: () => unknown): MacError {
  let result: unknown
  try {
    result = work()
  } catch (error) {
    if (error instanceof MacError) return error
    throw error
  }
  throw new Error(`nothing was refused, the result is ${JSON.stringify(result)}`)
}

/** What a piece of work gives, or `null` where it throws a `MacError`. */
export function unlessRefused<Result>(work: () => Result): Result | null {
  try {
    return work()
  } catch (error) {
    if (error instanceof MacError) return null
    throw error
  }
}
