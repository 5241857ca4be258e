import { MacError } from '../../src/index.ts'

/** @returns The MacError that a call throws, or `null`. Throws any other error again. */
export function thrown(work: () => unknown): MacError | null {
  try {
    work()
    return null
  } catch (error) {
    if (error instanceof MacError) return error
    throw error
  }
}
