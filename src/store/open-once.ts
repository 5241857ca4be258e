import { MacError } from '../errors.ts'
import type { Store } from './store.ts'

/** Opens a store when it is first asked for; an attempt that failed is made again at the next. */
export class OpenOnce {
  readonly #open: () => Promise<Store>
  #store: Promise<Store> | null = null
  #opened: Store | null = null
  #closed = false

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
    if (this.#closed) throw new MacError('ERR_MAC_CLOSED', 'This Mac was closed.')
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#opened = null
    const store = this.#store
    this.#store = null
    await (await store?.catch(() => null))?.close()
  }
}
