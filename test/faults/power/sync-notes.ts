import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildPreload } from './preload.ts'

/** The environment of a server process that notes its syncs, and the notes. */
export interface SyncNotes {
  readonly env: Readonly<Record<string, string>>
  /** @returns How many bytes of this generation of the log are certainly on disk. */
  syncedLength(generation: string): number
}

/** Compiles the library that notes syncs. Needs a C compiler. */
export function syncNotes(folder: string): SyncNotes {
  const library = buildPreload('note-syncs.c', folder)
  const notes = join(folder, 'syncs.txt')
  return {
    env: { LD_PRELOAD: library, WITHMAC_SYNC_NOTES: notes },
    syncedLength(generation) {
      if (!existsSync(notes)) throw new Error('no server process has noted a sync')
      const lines = readFileSync(notes, 'latin1')
        .split('\n')
        .map((line) => line.split(' '))
      const own = lines.filter(([noted]) => noted === generation)
      return Math.max(0, ...own.map(([, length]) => Number(length)))
    },
  }
}
