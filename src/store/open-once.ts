import { MacError } from '../errors.ts'
import { closedError } from './closing.ts'
import type { Store } from './types.ts'

/** How many requests may wait for the opening. Anybody can send some. */
const MOST_WAITING = 10_000

/** Opens a store when it is first asked for; an attempt that failed is made again at the next. */
export class OpenOnce {
  readonly #open: (closed: Promise<void>) => Promise<Store>
  #store: Promise<Store> | null = null
  #opened: Store | null = null
  #waiting = 0
  #closing: Promise<void> | null = null
  /** Tells the attempt that is made that nobody waits for it any more. */
  #giveUp = () => {}

  /** @param open Is given what resolves where it is closed meanwhile: then it may fail at once. */
  constructor(open: (closed: Promise<void>) => Promise<Store>) {
    this.#open = open
  }

  /** The store, once it is open and until it is closed. */
  get store(): Store | null {
    return this.#opened
  }

  async get(): Promise<Store> {
    this.#checkOpen()
    const attempt = this.#store ?? this.#attempt()
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

  /**
   * The same for a request.
   * @throws {@link MacError} `ERR_MAC_STORE` where too many wait already.
   */
  async getForRequest(): Promise<Store> {
    if (this.#waiting >= MOST_WAITING) {
      const why = `${MOST_WAITING} requests wait for the database to be opened already.`
      throw new MacError('ERR_MAC_STORE', why)
    }
    this.#waiting++
    try {
      return await this.get()
    } finally {
      this.#waiting--
    }
  }

  #attempt(): Promise<Store> {
    const closed = new Promise<void>((resolve) => {
      this.#giveUp = resolve
    })
    return this.#open(closed)
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
    this.#giveUp()
    const store = this.#store
    this.#store = null
    await (await store?.catch(() => null))?.close()
  }
}
