import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** A copy of a database's files, as a thief would take it. */
export interface Stolen {
  readonly path: string
  /** Which of these texts stand anywhere in the files, also where no row is any more. */
  holds(texts: readonly string[]): string[]
  /** All that a pattern finds in the files, each once. */
  matches(pattern: RegExp): string[]
}

/**
 * Copies a database with the files beside it. Another process does so: one that has the database open
 * must not open the file by other means.
 */
export function steal(path: string, folder: string): Stolen {
  mkdirSync(folder)
  const files = ['', '-wal', '-shm'].map((end) => path + end).filter((name) => existsSync(name))
  execFileSync('cp', [...files, folder])
  const copies = files.map((name) => join(folder, basename(name)))
  const bytes = copies.map((name) => readFileSync(name).toString('latin1')).join('\n')
  return {
    path: join(folder, basename(path)),
    holds: (texts) => texts.filter((text) => bytes.includes(text)),
    matches: (pattern) => [...new Set(bytes.match(pattern))],
  }
}
