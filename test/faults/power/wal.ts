import { existsSync, readFileSync } from 'node:fs'

/** Sizes of SQLite's write-ahead log: of its header, and of the header of each frame. */
const HEADER = 32
const FRAME_HEADER = 24
/** Where the WAL index says how many frames were brought into the database. */
const BACKFILLED_AT = 96

/** What a write-ahead log holds. */
export interface Wal {
  /** Tells one generation of the log from the next, which overwrites it from the start. */
  readonly generation: string
  /** The lengths, in bytes, at which a transaction ends, the shortest first. */
  readonly commits: readonly number[]
}

/** Reads the log of a database; `null` where there is none. */
export function readWal(path: string): Wal | null {
  if (!existsSync(`${path}-wal`)) return null
  const file = readFileSync(`${path}-wal`)
  if (file.length < HEADER) return null
  const salts = file.subarray(16, 24)
  const frame = FRAME_HEADER + file.readUInt32BE(8)
  const commits: number[] = []
  // What lies behind the first frame with other salts is left of an earlier generation.
  for (let at = HEADER; at + frame <= file.length; at += frame) {
    if (!file.subarray(at + 8, at + 16).equals(salts)) break
    if (file.readUInt32BE(at + 4) !== 0) commits.push(at + frame)
  }
  return { generation: salts.toString('hex'), commits }
}

/**
 * Up to which length the log was brought into the database, by the account of the processes that
 * used it: so far it was synced before, and must not be cut.
 */
export function backfilledLength(path: string): number {
  const wal = readFileSync(`${path}-wal`)
  const frames = readFileSync(`${path}-shm`).readUInt32LE(BACKFILLED_AT)
  return HEADER + frames * (FRAME_HEADER + wal.readUInt32BE(8))
}
