import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { misuse } from './failure.ts'

/** A new file for a secret. */
export interface ReservedFile {
  /** Writes all of it, and closes it. */
  write(text: string): void
  /** Removes it; what is open of it ends with the process. */
  abandon(): void
}

/**
 * Makes a file that its owner alone can read. One that is there is never written over: it may hold
 * the only copy of another key.
 *
 * @throws Failure
 */
export function reserveFile(path: string): ReservedFile {
  let descriptor: number
  try {
    descriptor = openSync(path, 'wx', 0o600)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw misuse(
      code === 'EEXIST'
        ? `${path} is there already and may hold another key: name a new file.`
        : `${path} cannot be written: ${message}`,
    )
  }
  return {
    write(text) {
      writeSync(descriptor, text)
      fsyncSync(descriptor)
      closeSync(descriptor)
    },
    abandon() {
      rmSync(path, { force: true })
    },
  }
}
