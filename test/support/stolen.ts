import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** A copy of a database's files, as an attacker would steal it. */
export interface Stolen {
  readonly path: string
  /** @returns Which of these texts are anywhere in the files, also in the space of deleted rows. */
  holds(texts: readonly string[]): string[]
  /** @returns All different matches of a pattern in the files. */
  matches(pattern: RegExp): string[]
}

/**
 * Copies a database with the files beside it. Another process makes the copy, because a process that has
 * the database open must not open its file in another way.
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
