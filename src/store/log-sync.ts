import { isPermitted } from '../environment.ts'
import { type DatabaseFile, FileThread, type Thread, type ThreadEvents } from './file-thread.ts'

/** What the thread answers: `ready` once, and how each sync went. */
export type Synced = 'ready' | { readonly failed: string | null }

/** A promise, and how to settle it. */
interface Sync {
  readonly over: Promise<void>
  resolve(): void
  reject(error: Error): void
}

/** What syncs the log that commits were written to. */
export interface Syncing {
  /** Whether it can; otherwise each commit must be synced by itself. */
  readonly isReady: boolean
  /** Resolves when all that is committed by now is on disk; rejects if that cannot be told. */
  wait(): Promise<void>
  close(): Promise<void>
}

/**
 * Syncs the log of a database file in a thread of its own: neither the event loop nor the pool of threads
 * that hashing and DNS share waits for the disk. One sync at a time covers all that was committed before
 * it began.
 *
 * Locks lie on the database file alone, so to open and close the log drops none.
 */
export class LogSync implements Syncing {
  readonly #failed: (error: Error) => void
  #thread: Thread | null = null
  #isReady = false
  #running: Sync | null = null
  #next: Sync | null = null
  /** Set when a sync failed: a later one may succeed, and would not cover what that one was to. */
  #broken: Error | null = null

  /**
   * @param start Starts the thread.
   * @param failed Is called if a sync fails. From then on nothing may be relied on.
   */
  constructor(
    start: (events: ThreadEvents<Synced>) => Thread | null,
    failed: (error: Error) => void,
  ) {
    this.#failed = failed
    try {
      this.#thread = start({
        message: (message) => this.#answered(message),
        gone: () => this.#gone(),
      })
    } catch {
      this.#gone()
    }
  }

  get isReady(): boolean {
    return this.#isReady
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

  #begin(): void {
    this.#running = this.#next
    this.#next = null
    this.#thread?.keepAlive(this.#running !== null)
    if (this.#running === null) return
    if (this.#thread === null) this.#gone()
    else this.#thread.send('sync')
  }

  #answered(message: Synced): void {
    if (message === 'ready') {
      this.#isReady = true
      return
    }
    const { failed } = message
    if (failed === null) {
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
    this.#isReady = false
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

function newSync(): Sync {
  let resolve = () => {}
  let reject = (_: Error) => {}
  const over = new Promise<void>((resolved, rejected) => {
    resolve = resolved
    reject = rejected
  })
  return { over, resolve, reject }
}

/** Starts the thread for a database file; `null` if it may not open the log. */
export function startLogThread(file: DatabaseFile, events: ThreadEvents<Synced>): Thread | null {
  const path = `${file.path}-wal`
  const mayOpen = isPermitted({ name: 'read', path }) && isPermitted({ name: 'write', path })
  return mayOpen ? new FileThread(file, WORK, events) : null
}

/** What the thread does. Once a second it looks whether the log is still the one that it has open. */
const WORK = `(fs, path) => {
  const log = path + '-wal'
  const file = fs.openSync(log, 'r+')
  const of = ({ dev, ino }) => dev + ':' + ino
  const opened = of(fs.fstatSync(file))
  let looked = 0
  const check = () => {
    if (Date.now() - looked >= 0 && Date.now() - looked < 1000) return
    looked = Date.now()
    const there = fs.statSync(log, { throwIfNoEntry: false })
    if (there === undefined || of(there) !== opened) throw new Error(log + ' was deleted or replaced')
  }
  return {
    answer() {
      try {
        check()
        fs.fdatasyncSync(file)
        return { failed: null }
      } catch (error) {
        return { failed: String(error?.message ?? error) }
      }
    },
    close: () => fs.closeSync(file),
  }
}`
