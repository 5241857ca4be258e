import type { SqliteHandle } from './drivers/sqlite-handle.ts'
import { type DatabaseFile, FileThread } from './file-thread.ts'

/**
 * How a checkpoint is made: `passive` waits for nobody; `full` keeps other processes from writing
 * while it works, so that it can reach the log's end. If it cannot, it does what `passive` does.
 */
type CheckpointMode = 'passive' | 'full'

/** What SQLite tells after a checkpoint. Pages are -1 if another process was at it. */
interface Checkpointed {
  /** Not 0 if it could not be done, or not to the end. */
  readonly busy: number
  /** How many pages the log had when it began. */
  readonly log: number
  /** How many of these are in the main file now. */
  readonly checkpointed: number
}

/**
 * How many pages may be written before they are brought into the main file. Twice as many at a time are
 * less work for the disk, as pages that were changed twice are written once.
 */
const PAGES_BETWEEN = 2000
/** How many if requests wait for it. */
const PAGES_BETWEEN_HERE = 1000
/** How many while a checkpoint is under way, before writes are held until it is over. */
const PAGES_MEANWHILE = 8000
/** From how many on the log is begun anew, which takes a moment without a writer. */
const PAGES_TO_RESTART = 4000
/** Where SQLite makes a checkpoint within a commit, on a connection that nobody else tidies. */
export const PAGES_AT_MOST = 8000

/** How long a write waits for a checkpoint at the most, in milliseconds. */
const PATIENCE = 100

/**
 * Keeps the log of a database file short. Checkpoints are made by a thread of their own, which is
 * started when the first is due. Where there can be none, or it is gone, they are made here.
 *
 * SQLite begins the log anew with the first write that finds all of it in the main file. Under load
 * that never comes of itself, as more is written during each checkpoint. So now and then writes are
 * held for the time that the last pages take. The event loop goes on in the meantime.
 */
export class Checkpoints {
  readonly #handle: SqliteHandle
  readonly #file: DatabaseFile
  #thread: FileThread<Checkpointed | 'ready'> | null = null
  #threadless: boolean
  #asked: CheckpointMode | null = null
  /** About how many pages were written since the last checkpoint was begun. */
  #pages = 0
  #held: { readonly over: Promise<void>; release(): void } | null = null

  /** @param handle The connection that writes to the file, just opened. */
  constructor(handle: SqliteHandle, file: DatabaseFile) {
    this.#handle = handle
    this.#file = file
    this.#threadless = handle.opener === null || losesResets(handle)
  }

  /** While writes are held: when they may go on. */
  get hold(): Promise<void> | null {
    return this.#held?.over ?? null
  }

  /** Is told about how many pages a transaction wrote. */
  wrote(pages: number): void {
    this.#pages += pages
  }

  /** Makes a checkpoint, or has one made, when enough has gathered. */
  tidy(): void {
    if (this.#asked !== null) {
      // A disk that cannot keep up would let the log grow without an end.
      if (this.#pages >= PAGES_MEANWHILE) this.#holdWrites()
    } else if (this.#pages >= (this.#threadless ? PAGES_BETWEEN_HERE : PAGES_BETWEEN)) {
      this.#begin('passive')
    }
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    const thread = this.#thread
    this.#thread = null
    this.#threadless = true
    await thread?.end()
  }

  #begin(mode: CheckpointMode): void {
    this.#pages = 0
    const thread = this.#threadless ? null : this.#start()
    if (thread === null) {
      this.#checkpointHere()
    } else {
      this.#asked = mode
      thread.send(mode)
    }
  }

  #start(): FileThread<Checkpointed | 'ready'> | null {
    const { opener } = this.#handle
    if (this.#thread !== null || opener === null) return this.#thread
    try {
      this.#thread = new FileThread<Checkpointed | 'ready'>(this.#file, workOf(opener), {
        message: (result) => {
          if (result !== 'ready') this.#done(result)
        },
        gone: () => this.#gone(),
      })
      this.#handle.exec('pragma wal_autocheckpoint = 0')
    } catch {
      this.#gone()
    }
    return this.#thread
  }

  #done({ busy, log, checkpointed }: Checkpointed): void {
    const asked = this.#asked
    this.#asked = null
    // Where not all could be brought over, a reader is in the way: to hold writes would not help.
    if (asked === 'passive' && log >= PAGES_TO_RESTART && busy === 0 && checkpointed === log) {
      this.#holdWrites()
      this.#begin('full')
    } else {
      this.#held?.release()
    }
  }

  #gone(): void {
    if (this.#threadless) return
    this.#thread = null
    this.#threadless = true
    this.#asked = null
    this.#handle.exec(`pragma wal_autocheckpoint = ${PAGES_AT_MOST}`)
    this.#held?.release()
  }

  /** Blocks the thread, between two batches. One that fails is left to the next. */
  #checkpointHere(): void {
    try {
      this.#handle.all('pragma wal_checkpoint(passive)', [])
    } catch {}
  }

  #holdWrites(): void {
    if (this.#held !== null) return
    let resolve = () => {}
    const over = new Promise<void>((done) => {
      resolve = done
    })
    const release = () => {
      clearTimeout(timer)
      this.#held = null
      resolve()
    }
    // Keeps the process alive as well, which the thread does not.
    const timer = setTimeout(release, PATIENCE)
    this.#held = { over, release }
  }
}

/**
 * SQLite's releases in which a checkpoint beside a commit on another connection may lose what begins the log
 * anew. It was mended in 3.51.3, 3.50.7 and 3.44.6.
 */
function losesResets(handle: SqliteHandle): boolean {
  const [row] = handle.all('select sqlite_version() as version', [])
  const [, minor = 0, patch = 0] = String(row?.version).split('.').map(Number)
  return minor < 51
    ? !(minor === 50 && patch >= 7) && !(minor === 44 && patch >= 6)
    : patch < 3 && minor === 51
}

/** What the thread does. A failed checkpoint, as on a full disk, is left to the next. */
function workOf(opener: string): string {
  return `(_, path) => {
  const database = (${opener})(path)
  database.all('pragma busy_timeout = 0')
  database.all('pragma synchronous = full')
  return {
    answer(mode) {
      try {
        return { ...database.all('pragma wal_checkpoint(' + mode + ')')[0] }
      } catch {
        return { busy: 1, log: -1, checkpointed: -1 }
      }
    },
    close: () => database.close(),
  }
}`
}
