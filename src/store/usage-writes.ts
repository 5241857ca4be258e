import type { Coroutine } from './connection.ts'
import type { StoreParts } from './store-parts.ts'
import type { Nonce, Recorded } from './types.ts'
import { type Due, isNothing, NOTHING_DUE } from './usage/usage-counters.ts'
import { usageWriter } from './usage/usage-table.ts'

/** How many uses may wait for the end of a write. More are dropped. */
const MOST_WAITING = 20_000

const NEW: Recorded = { verdict: 'new', version: null }

/**
 * Writes the usage of credentials for a store that keeps nonces elsewhere, or in another transaction: after a
 * batch, in the background, one write at a time. So no request waits for it. Uses during a write are written
 * after it.
 */
export class UsageWrites {
  readonly #parts: StoreParts
  readonly #writeDue: (due: Due) => Coroutine<void>
  /** The latest use of each key during a write. */
  #waiting = new Map<string, Nonce>()
  #writing: Promise<void> | null = null

  constructor(parts: StoreParts) {
    this.#parts = parts
    this.#writeDue = usageWriter(parts.db, parts.language)
  }

  /** Notes a batch that was recorded, and writes what is due. */
  add(batch: readonly Nonce[], recorded: readonly Recorded[]): void {
    if (this.#writing !== null) this.#note(batch, recorded)
    else this.#start(batch, recorded)
  }

  /** Waits until a running write has ended. It does *not* write what is not due. */
  async settled(): Promise<void> {
    while (this.#writing !== null) await this.#writing
  }

  /** Writes what waits, due or not. */
  async close(): Promise<void> {
    await this.settled()
    const due = this.#parts.counters.all()
    // A failure is ignored: no verdict depends on the usage.
    if (!isNothing(due)) await this.#write(due).catch(() => {})
  }

  #note(batch: readonly Nonce[], recorded: readonly Recorded[]): void {
    for (const [at, nonce] of batch.entries()) {
      if (recorded[at]?.verdict !== 'new') continue
      const name = `${nonce.keyNumber}\n${nonce.credential}`
      const known = this.#waiting.get(name)
      if (known === undefined && this.#waiting.size >= MOST_WAITING) continue
      if (known === undefined || nonce.now > known.now) this.#waiting.set(name, nonce)
    }
  }

  #start(batch: readonly Nonce[], recorded: readonly Recorded[]): void {
    const { counters } = this.#parts
    const due = counters.dueWith(batch, recorded)
    if (isNothing(due)) counters.committed(batch, recorded, NOTHING_DUE)
    else this.#writing = this.#run(batch, recorded, due)
  }

  async #run(batch: readonly Nonce[], recorded: readonly Recorded[], due: Due): Promise<void> {
    const { counters, nameInErrors } = this.#parts
    try {
      await this.#write(due)
      counters.committed(batch, recorded, due)
    } catch (error) {
      counters.writeFailed(nameInErrors, batch[0]?.now ?? 0, error)
    }
    const waiting = [...this.#waiting.values()]
    this.#waiting = new Map()
    this.#writing = null
    if (waiting.length > 0) {
      this.#start(
        waiting,
        waiting.map(() => NEW),
      )
    }
  }

  #write(due: Due): Promise<void> {
    const { connection, guarded } = this.#parts
    return guarded(async () => connection.transact(() => this.#writeDue(due), 'later'))
  }
}
