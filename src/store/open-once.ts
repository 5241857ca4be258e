import { closedError } from './closing.ts'
import type { Store } from './store.ts'

/** Opens a store when it is first asked for; an attempt that failed is made again at the next. */
export class OpenOnce {
  readonly #open: () => Promise<Store>
  #store: Promise<Store> | null = null
  #opened: Store | null = null
  #closing: Promise<void> | null = null

  constructor(open: () => Promise<Store>) {
    this.#open = open
  }

  /** The store, once it is open and until it is closed. */
  get store(): Store | null {
    return this.#opened
  }

  async get(): Promise<Store> {
    this.#checkOpen()
    const attempt = this.#store ?? this.#open()
    this.#store = attempt
    try {
      const store = await attempt
      this.#checkOpen()
      this.#opened = store
      return store
    } catch (error) {
      if (this.#store === attempt) this.#store = null
      throw error
    }
  }

  #checkOpen(): void {
    if (this.#closing !== null) throw closedError()
  }

  /** Closes it; whoever calls this again waits for the same end. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#opened = null
    const store = this.#store
    this.#store = null
    await (await store?.catch(() => null))?.close()
  }
}
