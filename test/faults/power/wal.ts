import { existsSync, readFileSync } from 'node:fs'

/** The size of the header of SQLite's write-ahead log, and of the header of each frame. */
const HEADER = 32
const FRAME_HEADER = 24
/** The offset in the WAL index of the number of frames that were copied into the database. */
const BACKFILLED_AT = 96

/** The content of a write-ahead log. */
export interface Wal {
  /** Identifies the generation of the log. The next generation overwrites it from the start. */
  readonly generation: string
  /** The lengths, in bytes, at which a transaction ends, the shortest first. */
  readonly commits: readonly number[]
}

/** @returns The log of a database, or `null` if there is none. */
export function readWal(path: string): Wal | null {
  if (!existsSync(`${path}-wal`)) return null
  const file = readFileSync(`${path}-wal`)
  if (file.length < HEADER) return null
  const salts = file.subarray(16, 24)
  const frame = FRAME_HEADER + file.readUInt32BE(8)
  const commits: number[] = []
  // From the first frame with other salts on, the rest is from an earlier generation.
  for (let at = HEADER; at + frame <= file.length; at += frame) {
    if (!file.subarray(at + 8, at + 16).equals(salts)) break
    if (file.readUInt32BE(at + 4) !== 0) commits.push(at + frame)
  }
  return { generation: salts.toString('hex'), commits }
}

/**
 * Returns how much of the log was copied into the database, according to the WAL index. This part was synced
 * before, and must not be cut.
 */
export function backfilledLength(path: string): number {
  const wal = readFileSync(`${path}-wal`)
  const frames = readFileSync(`${path}-shm`).readUInt32LE(BACKFILLED_AT)
  return HEADER + frames * (FRAME_HEADER + wal.readUInt32BE(8))
}
