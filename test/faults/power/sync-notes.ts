import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildPreload } from './preload.ts'

/** What a server process needs in its environment to note its syncs. */
export interface SyncNotes {
  readonly env: Readonly<Record<string, string>>
  /** Up to which length this generation of the log is on disk for certain, in bytes. */
  syncedLength(generation: string): number
}

/** Builds what notes the syncs, which takes a C compiler, and says where the notes are. */
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
