import { Worker } from 'node:worker_threads'

/** A file, and what tells it from another that comes to have its name: see `inode`. */
export interface DatabaseFile {
  readonly path: string
  readonly inode: string | null
}

/** What a thread calls back. */
export interface ThreadEvents<Message> {
  message(message: Message): void
  /** The thread could not be started, or is gone: nothing more will come of it. */
  gone(): void
}

/** What is asked to do work, and answers in time. */
export interface Thread {
  send(message: string): void
  /** Whether the process stays alive as long as the thread is there. */
  keepAlive(whether: boolean): void
  /** Has what the thread opened closed; then ends the thread. */
  end(): Promise<void>
}

/** How long it may take to end, in milliseconds. */
const PATIENCE = 5000

/**
 * A thread that does to a database file what would block the event loop here. It does not keep the
 * process alive unless told to.
 */
export class FileThread<Message> implements Thread {
  readonly #worker: Worker
  #ended: (() => void) | null = null

  /**
   * @param work JavaScript of a function that is given what `node:fs` exports and the path, and gives an
   *   object with `answer(message)` and `close()`.
   * @throws Error if threads are not allowed.
   */
  constructor(file: DatabaseFile, work: string, { message, gone }: ThreadEvents<Message>) {
    this.#worker = new Worker(programOf(work), {
      eval: true,
      workerData: file,
      // What is loaded before an application, to trace it say, has no business here.
      execArgv: [],
      env: {},
    })
    const end = () => {
      this.#ended?.()
      gone()
      void this.#worker.terminate()
    }
    this.#worker.on('message', (received: Message | 'gone') => {
      if (received === 'gone') end()
      else message(received)
    })
    this.#worker.on('error', end)
    this.#worker.on('exit', end)
    // Not before: to listen for messages keeps the process alive again.
    this.#worker.unref()
  }

  send(message: string): void {
    this.#worker.postMessage(message)
  }

  keepAlive(whether: boolean): void {
    if (whether) this.#worker.ref()
    else this.#worker.unref()
  }

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
function programOf(work: string): string {
  return `
Promise.all([import('node:worker_threads'), import('node:fs')]).then(
  ([{ parentPort, workerData }, fs]) => {
    process.emitWarning = () => {}
    let worker
    const end = () => {
      try {
        worker?.close()
      } finally {
        parentPort.postMessage('gone')
      }
    }
    try {
      const { dev, ino } = fs.statSync(workerData.path)
      if (dev + ':' + ino !== workerData.inode) throw new Error('the file was replaced')
      worker = (${work})(fs, workerData.path)
      parentPort.postMessage('ready')
    } catch {
      end()
    }
    parentPort.on('message', (message) => {
      if (message === 'end') end()
      else parentPort.postMessage(worker.answer(message))
    })
  },
)
`
}
