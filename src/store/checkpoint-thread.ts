import { Worker } from 'node:worker_threads'

/**
 * How a checkpoint is made: `passive` waits for nobody; `full` keeps other processes from writing
 * while it works, so that it can reach the log's end. Where it cannot, it does what `passive` does.
 */
export type CheckpointMode = 'passive' | 'full'

/** What SQLite tells after a checkpoint. Pages are -1 where another process was at it. */
export interface Checkpointed {
  /** Not 0 where it could not be done, or not to the end. */
  readonly busy: number
  /** How many pages the log had when it began. */
  readonly log: number
  /** How many of these are in the main file now. */
  readonly checkpointed: number
}

/** A file, and what tells it from another that comes to have its name: see `inode`. */
export interface DatabaseFile {
  readonly path: string
  readonly inode: string | null
}

/** What a thread calls back. */
export interface ThreadEvents {
  /** Each checkpoint that was asked for ends with this, unless the thread ends. */
  done(result: Checkpointed): void
  /** The thread could not be started, or is gone: nothing more will come of it. */
  gone(): void
}

/** How long it may take to end, in milliseconds. */
const PATIENCE = 5000

/** A failed checkpoint, as on a full disk, is left to the next. */
const FAILED: Checkpointed = { busy: 1, log: -1, checkpointed: -1 }

/**
 * A thread with a connection of its own to a database file, which makes checkpoints: what SQLite
 * writes and syncs for them does not block the event loop. It does not keep the process alive.
 */
export class CheckpointThread {
  readonly #worker: Worker
  #ended: (() => void) | null = null

  /**
   * @param opener JavaScript of a function that opens the file with the runtime's driver: see
   *   `SqliteHandle.opener`.
   * @throws Error where threads are not allowed.
   */
  constructor(file: DatabaseFile, opener: string, { done, gone }: ThreadEvents) {
    this.#worker = new Worker(programOf(opener), {
      eval: true,
      workerData: { ...file, failed: FAILED },
      // What is loaded before an application, to trace it say, has no business here.
      execArgv: [],
      env: {},
    })
    const end = () => {
      this.#ended?.()
      gone()
      void this.#worker.terminate()
    }
    this.#worker.on('message', (message: Checkpointed | 'gone') => {
      if (message === 'gone') end()
      else done(message)
    })
    this.#worker.on('error', end)
    this.#worker.on('exit', end)
    // Not before: to listen for messages keeps the process alive again.
    this.#worker.unref()
  }

  ask(mode: CheckpointMode): void {
    this.#worker.postMessage(mode)
  }

  /** Closes the thread's connection, so that the last one can fold the log; then ends the thread. */
  async end(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined
    // It also keeps the process alive until the thread is gone: what follows is to be run.
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, PATIENCE)
    })
    const closed = new Promise<void>((resolve) => {
      this.#ended = resolve
      this.#worker.postMessage('end')
    })
    await Promise.race([closed, late])
    await Promise.race([this.#worker.terminate(), late])
    clearTimeout(timer)
  }
}

/**
 * The thread's program, as a text, which bundlers need not find. It runs as a script or a module.
 * A path that leads to another file by now must not be opened: SQLite would take the old file's log and
 * its shared memory, which lie beside it, for the new one's.
 */
function programOf(opener: string): string {
  return `
Promise.all([import('node:worker_threads'), import('node:fs')]).then(
  ([{ parentPort, workerData }, { statSync }]) => {
    process.emitWarning = () => {}
    let database
    const end = () => {
      try {
        database?.close()
      } finally {
        parentPort.postMessage('gone')
      }
    }
    try {
      const { dev, ino } = statSync(workerData.path)
      if (dev + ':' + ino !== workerData.inode) throw new Error('the file was replaced')
      database = (${opener})(workerData.path)
      database.all('pragma busy_timeout = 0')
      database.all('pragma synchronous = full')
    } catch {
      end()
    }
    parentPort.on('message', (mode) => {
      if (mode === 'end') return end()
      let result = workerData.failed
      try {
        result = { ...database.all('pragma wal_checkpoint(' + mode + ')')[0] }
      } catch {}
      parentPort.postMessage(result)
    })
  },
)
`
}
