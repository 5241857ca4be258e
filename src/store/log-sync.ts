import { realpathSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { isPermitted } from '../environment.ts'
import type { SyncMode } from './connection.ts'

/** Syncs SQLite's write-ahead log (the `-wal` file), to which commits are written. */
export interface Syncing {
  /** How the next commit is to be synced. */
  readonly mode: SyncMode
  /** Reports how long a commit took that was synced at once, in milliseconds. */
  took(milliseconds: number): void
  /** Reports how long a commit must wait for another connection's lock, in milliseconds. */
  waited(milliseconds: number): void
  /** Resolves when all commits so far are on disk; rejects if that is not certain. */
  wait(): Promise<void>
  close(): Promise<void>
}

/** Up to this time, a sync is quick, and the event loop waits for it. */
const QUICK_SYNC_MS = 0.5
/** If slow syncs exceed QUICK_SYNC_MS by this time in total, the thread takes over. */
const MOST_LAG_MS = 10
/**
 * How much of that total a quick sync removes. After a thousand quick syncs, the thread is not used any
 * more.
 */
const QUICK_CREDIT_MS = 0.01

/** A sync: a promise, and how to settle it. */
type PendingSync = ReturnType<typeof newSync>

/**
 * Chooses how commits to a database file are synced.
 *
 * On a quick disk, each commit is synced at once. That is less work than waking a thread, and then waking
 * the event loop for its answer.
 *
 * On a slow disk, a thread syncs, so that the disk blocks neither the event loop nor the thread pool that
 * hashing and DNS share. There is one sync at a time, and it covers all commits from before it began. The
 * thread also syncs if several processes wait for each other, because a commit that syncs keeps the lock.
 *
 * The first commit is always synced at once, which syncs the folder of the write-ahead log too.
 */
export class LogSync implements Syncing {
  readonly #start: (events: ThreadEvents) => Thread | null
  readonly #onFailedSync: (error: Error) => void
  #thread: Thread | null = null
  #state: 'not started' | 'starting' | 'ready' | 'gone' = 'not started'
  /** By how much slow syncs exceeded QUICK_SYNC_MS, minus the credit of quick ones. */
  #lag = 0
  #isSlow = false
  #runningSync: PendingSync | null = null
  #nextSync: PendingSync | null = null
  /** Set when a sync failed. A later sync may succeed, but would not cover the commits of the failed one. */
  #broken: Error | null = null

  /**
   * @param start Starts the thread.
   * @param onFailedSync Is called if a sync fails. From then on, no commit is certain to be on disk.
   */
  constructor(
    start: (events: ThreadEvents) => Thread | null,
    onFailedSync: (error: Error) => void,
  ) {
    this.#start = start
    this.#onFailedSync = onFailedSync
  }

  get mode(): SyncMode {
    return this.#isSlow && this.#state === 'ready' ? 'later' : 'at once'
  }

  took(milliseconds: number): void {
    const lag = this.#lag + Math.max(milliseconds - QUICK_SYNC_MS, -QUICK_CREDIT_MS)
    this.#lag = Math.min(Math.max(lag, 0), MOST_LAG_MS)
    if (this.#lag === 0) this.#isSlow = false
    if (this.#lag < MOST_LAG_MS) return
    this.#isSlow = true
    if (this.#state === 'not started') this.#startThread()
  }

  waited(milliseconds: number): void {
    this.#lag += milliseconds
  }

  wait(): Promise<void> {
    if (this.#broken !== null) return Promise.reject(this.#broken)
    this.#nextSync ??= newSync()
    const { over } = this.#nextSync
    if (this.#runningSync === null) this.#begin()
    return over
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#runningSync?.over, this.#nextSync?.over])
    const thread = this.#thread
    this.#gone()
    await thread?.end()
  }

  #startThread(): void {
    this.#state = 'starting'
    try {
      this.#thread = this.#start({
        message: (message) => this.#answered(message),
        gone: () => this.#gone(),
      })
    } catch {}
    if (this.#thread === null) this.#gone()
  }

  #begin(): void {
    this.#runningSync = this.#nextSync
    this.#nextSync = null
    this.#thread?.keepAlive(this.#runningSync !== null)
    if (this.#runningSync === null) return
    if (this.#thread === null) this.#gone()
    else this.#thread.sync()
  }

  #answered(message: Synced): void {
    if (message === 'ready') {
      this.#state = 'ready'
      return
    }
    const { error, milliseconds } = message
    if (error === null) {
      this.took(milliseconds)
      this.#runningSync?.resolve()
      this.#begin()
      return
    }
    this.#broken = new Error(`the write-ahead log could not be synced: ${error}`)
    this.#onFailedSync(this.#broken)
    this.#rejectAll(this.#broken)
  }

  #gone(): void {
    this.#thread = null
    this.#state = 'gone'
    this.#rejectAll(new Error('the thread that syncs the write-ahead log ended'))
  }

  #rejectAll(error: Error): void {
    const waiting = [this.#runningSync, this.#nextSync]
    this.#runningSync = null
    this.#nextSync = null
    this.#thread?.keepAlive(false)
    for (const sync of waiting) sync?.reject(error)
  }
}

function newSync() {
  let resolve = () => {}
  let reject = (_: Error) => {}
  const over = new Promise<void>((resolved, rejected) => {
    resolve = resolved
    reject = rejected
  })
  return { over, resolve, reject }
}

/** A message of the thread: `ready` once, then the result of each sync, with the error if it failed. */
export type Synced = 'ready' | { readonly error: string | null; readonly milliseconds: number }

/** Functions that the thread calls. */
export interface ThreadEvents {
  message(message: Synced): void
  /** The thread could not be started, or has ended. It sends no more messages. */
  gone(): void
}

/** A thread that syncs the write-ahead log on request, and reports the result. */
export interface Thread {
  sync(): void
  /** Whether the process stays alive as long as the thread is there. */
  keepAlive(whether: boolean): void
  /** Closes the write-ahead log, then ends the thread. */
  end(): Promise<void>
}

/** How long the thread may take to end. */
const END_DEADLINE_MS = 5000

/** The database file with its identifier, which another file of the same name does not have: see `inode`. */
export interface DatabaseFile {
  readonly path: string
  readonly inode: string | null
}

/**
 * Starts the thread for a database file; `null` if it may not open the write-ahead log. The thread keeps the
 * process alive only while `keepAlive` is set. It may open and close the write-ahead log: SQLite's locks are
 * on other files, so none is dropped.
 *
 * @throws Error if threads are not allowed, or the file is gone.
 */
export function startLogThread(file: DatabaseFile, { message, gone }: ThreadEvents): Thread | null {
  // If the path is a link, the write-ahead log is beside the file that the link leads to.
  const path = realpathSync(file.path)
  const wal = `${path}-wal`
  const mayOpen = (['read', 'write'] as const).every((name) => isPermitted({ name, path: wal }))
  if (!mayOpen) return null
  const worker = new Worker(PROGRAM, {
    eval: true,
    workerData: { ...file, path },
    // Without options such as --import, which load code into the application, for example to trace it.
    execArgv: [],
    env: {},
  })
  let ended = () => {}
  let isOver = false
  const end = () => {
    ended()
    if (isOver) return
    isOver = true
    gone()
    void worker.terminate()
  }
  worker.on('message', (received: Synced | 'gone') => {
    if (received === 'gone') end()
    else message(received)
  })
  worker.on('error', end)
  worker.on('exit', end)
  // Only now: adding a listener for messages would keep the process alive again.
  worker.unref()
  return {
    sync: () => worker.postMessage('sync'),
    keepAlive(whether) {
      if (whether) worker.ref()
      else worker.unref()
    },
    async end() {
      let timer: ReturnType<typeof setTimeout> | undefined
      // This timer also keeps the process alive until the thread has ended, so that the code below runs.
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, END_DEADLINE_MS)
      })
      const closed = new Promise<void>((resolve) => {
        ended = resolve
        worker.postMessage('end')
      })
      await Promise.race([closed, late])
      await Promise.race([worker.terminate(), late])
      clearTimeout(timer)
    },
  }
}

/**
 * The thread's program, as a text, so that bundlers need not find a file. It runs as a script and as a
 * module. At most once a second it checks that the write-ahead log is still the file that it has open.
 */
const PROGRAM = `
Promise.all([import('node:worker_threads'), import('node:fs')]).then(
  ([{ parentPort, workerData }, fs]) => {
    process.emitWarning = () => {}
    const wal = workerData.path + '-wal'
    const of = ({ dev, ino }) => dev + ':' + ino
    let file
    let opened
    let looked = 0
    const end = () => {
      try {
        if (file !== undefined) fs.closeSync(file)
      } finally {
        parentPort.postMessage('gone')
      }
    }
    const check = () => {
      if (Date.now() - looked >= 0 && Date.now() - looked < 1000) return
      looked = Date.now()
      const there = fs.statSync(wal, { throwIfNoEntry: false })
      if (there === undefined || of(there) !== opened) throw new Error(wal + ' was deleted or replaced')
    }
    const sync = () => {
      const begun = performance.now()
      try {
        check()
        fs.fdatasyncSync(file)
        return { error: null, milliseconds: performance.now() - begun }
      } catch (error) {
        return { error: String(error?.message ?? error), milliseconds: 0 }
      }
    }
    parentPort.on('message', (message) => {
      if (message === 'end') end()
      else parentPort.postMessage(sync())
    })
    try {
      // If another file has the name now, the write-ahead log belongs to that file.
      if (of(fs.statSync(workerData.path)) !== workerData.inode) throw new Error('the file was replaced')
      file = fs.openSync(wal, 'r+')
      opened = of(fs.fstatSync(file))
      parentPort.postMessage('ready')
    } catch {
      end()
    }
  },
)
`
