import { MacError } from '../../src/index.ts'

/** The error that a call throws, or `null` where it does not; one that is no MacError is thrown on. */
export function thrown(work: () => unknown): MacError | null {
  try {
    work()
    return null
  } catch (error) {
    if (error instanceof MacError) return error
    throw error
  }
}
