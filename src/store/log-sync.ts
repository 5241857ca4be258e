import { realpathSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { isPermitted } from '../environment.ts'
import type { Sync } from './connection.ts'

/** What syncs the log that commits were written to. */
export interface Syncing {
  /** How the next commit is to be synced. */
  readonly next: Sync
  /** Is told how long a commit took that was synced by itself, in milliseconds. */
  took(milliseconds: number): void
  /** Is told how long a commit has to wait for that of another process. */
  waited(milliseconds: number): void
  /** Resolves when all that is committed by now is on disk; rejects if that cannot be told. */
  wait(): Promise<void>
  close(): Promise<void>
}

/** How long a sync may take, in milliseconds, for the event loop to wait for it. */
const QUICK = 0.5
/** How much longer syncs take in all until the thread takes over, in milliseconds. */
const PATIENCE = 10
/** How much of that a quick sync makes up for: a thousand of them, and the thread is done. */
const CREDIT = 0.01

/** A promise, and how to settle it. */
type Awaited = ReturnType<typeof newSync>

/**
 * Chooses how commits to a database file are synced. On a quick disk each is by itself: that is less work than
 * to wake a thread, and the event loop to tell it of its answer. On a slow one a thread syncs, so that neither
 * the event loop nor the pool of threads that hashing and DNS share waits for the disk: one sync at a time,
 * which covers all that was committed before it began. So it is too if several processes wait for each other,
 * since a commit that syncs holds the lock meanwhile. The first commit is synced by itself in any case, which
 * syncs the log's folder too.
 */
export class LogSync implements Syncing {
  readonly #start: (events: ThreadEvents) => Thread | null
  readonly #failed: (error: Error) => void
  #thread: Thread | null = null
  #state: 'not started' | 'starting' | 'ready' | 'gone' = 'not started'
  /** By how much syncs took longer than quick ones, less what quick ones made up for. */
  #lag = 0
  #isSlow = false
  #running: Awaited | null = null
  #next: Awaited | null = null
  /** Set when a sync failed: a later one may succeed, and would not cover what that one was to. */
  #broken: Error | null = null

  /**
   * @param start Starts the thread.
   * @param failed Is called if a sync fails. From then on nothing may be relied on.
   */
  constructor(start: (events: ThreadEvents) => Thread | null, failed: (error: Error) => void) {
    this.#start = start
    this.#failed = failed
  }

  get next(): Sync {
    return this.#isSlow && this.#state === 'ready' ? 'later' : 'at once'
  }

  took(milliseconds: number): void {
    const lag = this.#lag + Math.max(milliseconds - QUICK, -CREDIT)
    this.#lag = Math.min(Math.max(lag, 0), PATIENCE)
    if (this.#lag === 0) this.#isSlow = false
    if (this.#lag < PATIENCE) return
    this.#isSlow = true
    if (this.#state === 'not started') this.#startThread()
  }

  waited(milliseconds: number): void {
    this.#lag += milliseconds
  }

  wait(): Promise<void> {
    if (this.#broken !== null) return Promise.reject(this.#broken)
    this.#next ??= newSync()
    const { over } = this.#next
    if (this.#running === null) this.#begin()
    return over
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#running?.over, this.#next?.over])
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
    this.#running = this.#next
    this.#next = null
    this.#thread?.keepAlive(this.#running !== null)
    if (this.#running === null) return
    if (this.#thread === null) this.#gone()
    else this.#thread.sync()
  }

  #answered(message: Synced): void {
    if (message === 'ready') {
      this.#state = 'ready'
      return
    }
    const { failed, milliseconds } = message
    if (failed === null) {
      this.took(milliseconds)
      this.#running?.resolve()
      this.#begin()
      return
    }
    const error = new Error(`the log could not be synced: ${failed}`)
    this.#broken = error
    this.#failed(error)
    this.#give(error)
  }

  #gone(): void {
    this.#thread = null
    this.#state = 'gone'
    this.#give(new Error('the thread that syncs the log ended'))
  }

  #give(error: Error): void {
    const waiting = [this.#running, this.#next]
    this.#running = null
    this.#next = null
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

/** What the thread answers: `ready` once, and how each sync went. */
export type Synced = 'ready' | { readonly failed: string | null; readonly milliseconds: number }

/** What a thread calls back. */
export interface ThreadEvents {
  message(message: Synced): void
  /** The thread could not be started, or is gone: nothing more will come of it. */
  gone(): void
}

/** A thread that syncs the log when it is told to, and answers. */
export interface Thread {
  sync(): void
  /** Whether the process stays alive as long as the thread is there. */
  keepAlive(whether: boolean): void
  /** Has the log closed; then ends the thread. */
  end(): Promise<void>
}

/** How long it may take to end, in milliseconds. */
const END_PATIENCE = 5000

/** A file, and what tells it from another that comes to have its name: see `inode`. */
export interface DatabaseFile {
  readonly path: string
  readonly inode: string | null
}

/**
 * Starts the thread for a database file; `null` if it may not open the log. It does not keep the process alive
 * unless told to. Locks lie on the database file alone, so to open and close the log drops none.
 *
 * @throws Error if threads are not allowed, or the file is gone.
 */
export function startLogThread(file: DatabaseFile, { message, gone }: ThreadEvents): Thread | null {
  // SQLite keeps the log beside the file that a link leads to. What lies beside the link is not the log.
  const path = realpathSync(file.path)
  const log = `${path}-wal`
  const mayOpen = (['read', 'write'] as const).every((name) => isPermitted({ name, path: log }))
  if (!mayOpen) return null
  const worker = new Worker(PROGRAM, {
    eval: true,
    workerData: { ...file, path },
    // What is loaded before an application, to trace it say, has no business here.
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
  // Not before: to listen for messages keeps the process alive again.
  worker.unref()
  return {
    sync: () => worker.postMessage('sync'),
    keepAlive(whether) {
      if (whether) worker.ref()
      else worker.unref()
    },
    async end() {
      let timer: ReturnType<typeof setTimeout> | undefined
      // It also keeps the process alive until the thread is gone: what follows is to be run.
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, END_PATIENCE)
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
 * The thread's program, as a text, which bundlers need not find. It runs as a script or a module.
 * Once a second it looks whether the log is still the one that it has open.
 */
const PROGRAM = `
Promise.all([import('node:worker_threads'), import('node:fs')]).then(
  ([{ parentPort, workerData }, fs]) => {
    process.emitWarning = () => {}
    const log = workerData.path + '-wal'
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
      const there = fs.statSync(log, { throwIfNoEntry: false })
      if (there === undefined || of(there) !== opened) throw new Error(log + ' was deleted or replaced')
    }
    const sync = () => {
      const begun = performance.now()
      try {
        check()
        fs.fdatasyncSync(file)
        return { failed: null, milliseconds: performance.now() - begun }
      } catch (error) {
        return { failed: String(error?.message ?? error), milliseconds: 0 }
      }
    }
    parentPort.on('message', (message) => {
      if (message === 'end') end()
      else parentPort.postMessage(sync())
    })
    try {
      // The log of another file that came to have the name would not be ours.
      if (of(fs.statSync(workerData.path)) !== workerData.inode) throw new Error('the file was replaced')
      file = fs.openSync(log, 'r+')
      opened = of(fs.fstatSync(file))
      parentPort.postMessage('ready')
    } catch {
      end()
    }
  },
)
`
