import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import type { NewCredential } from '../credentials/credential.ts'
import { type Failure, unusableFile } from './failure.ts'

/** A new file for a secret. */
export interface ReservedFile {
  /**
   * Writes all of it, and closes it.
   * @throws Failure
   */
  write(text: string): void
  /**
   * Writes another text in place of what was written: all of it, or none.
   * @throws Failure
   */
  replace(text: string): void
  /** Removes it; what is open of it ends with the process. */
  abandon(): void
}

/**
 * Says before anything else is done what {@link reserveFile} would say.
 * @throws Failure
 */
export function checkNew(path: string): void {
  if (existsSync(path)) throw isThere(path)
}

function isThere(path: string): Failure {
  return unusableFile(`${path} is there already and may hold another key: name a new file.`)
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
    throw code === 'EEXIST' ? isThere(path) : unusableFile(`${path} cannot be written: ${message}`)
  }
  return {
    write(text) {
      try {
        writeFileSync(descriptor, text)
        fsyncSync(descriptor)
        closeSync(descriptor)
      } catch (error) {
        throw unusableFile(`${path} cannot be written: ${(error as Error).message}`)
      }
    },
    replace(text) {
      const beside = `${path}.${process.pid}`
      try {
        writeFileSync(beside, text, { flag: 'wx', mode: 0o600, flush: true })
        renameSync(beside, path)
      } catch (error) {
        rmSync(beside, { force: true })
        throw unusableFile(`${path} cannot be written: ${(error as Error).message}`)
      }
    },
    abandon() {
      rmSync(path, { force: true })
    },
  }
}

/** What of a credential is saved, for `--credentials` to read. */
export type Saved = Pick<NewCredential, 'id' | 'key' | 'algorithm' | 'user' | 'expires'>

/** The text of such a file. */
export function savedText({ id, key, algorithm, user, expires }: Saved): string {
  return `${JSON.stringify({ id, key, algorithm, user, expires }, null, 2)}\n`
}
