/**
 * A map that holds at most `most` entries, and always keeps the `most / 2` that were used last. So its
 * memory is bounded, and an attacker who fills it cannot push out entries that are in use.
 *
 * The entries are in two generations. When the recent generation has `most / 2` entries, it becomes the
 * older one, and the entries of the older one are dropped all at once. The map does not delete its first
 * entry one by one: with many such deletes, engines walk over all entries that were deleted before.
 */
export class BoundedMap<Key, Value extends NonNullable<unknown>> {
  readonly #half: number
  readonly #endOf: ((value: Value) => number) | null
  #recent = new Map<Key, Value>()
  #older = new Map<Key, Value>()
  /** When the last entry of each generation ends, in milliseconds since 1970. */
  #recentEnds = Number.NEGATIVE_INFINITY
  #olderEnds = Number.NEGATIVE_INFINITY

  /**
   * @param most The maximum number of entries: 2 or more.
   * @param endOf Returns when an entry is no longer needed, in milliseconds since 1970 by the system's
   *   clock. If all entries of a generation have ended, the next new entry drops it. Default: never.
   */
  constructor(most: number, endOf: ((value: Value) => number) | null = null) {
    this.#half = Math.max(1, Math.floor(most / 2))
    this.#endOf = endOf
  }

  get size(): number {
    return this.#recent.size + this.#older.size
  }

  /**
   * Returns a value, and counts as a use of it. The map may keep the key object that is passed here: do
   * not pass a slice of a long string, which would keep the long string in memory.
   */
  get(key: Key): Value | undefined {
    const recent = this.#recent.get(key)
    if (recent !== undefined) return recent
    const older = this.#older.get(key)
    if (older !== undefined) this.set(key, older)
    return older
  }

  /** Returns a value. This is *not* a use: it does not keep the entry in the map. */
  peek(key: Key): Value | undefined {
    return this.#recent.get(key) ?? this.#older.get(key)
  }

  /** Whether there is a value. This is *not* a use. */
  has(key: Key): boolean {
    return this.#recent.has(key) || this.#older.has(key)
  }

  set(key: Key, value: Value): void {
    if (!this.#recent.has(key)) {
      this.#makeRoom()
      this.#older.delete(key)
    }
    this.#recent.set(key, value)
    if (this.#endOf !== null) this.#recentEnds = Math.max(this.#recentEnds, this.#endOf(value))
  }

  delete(key: Key): void {
    if (!this.#recent.delete(key)) this.#older.delete(key)
  }

  /** All entries: the older generation first. Within a generation, in the order of insertion. */
  *[Symbol.iterator](): IterableIterator<[Key, Value]> {
    yield* this.#older
    yield* this.#recent
  }

  #makeRoom(): void {
    if (this.#recent.size >= this.#half) {
      this.#startGeneration()
    } else if (this.#endOf !== null) {
      const now = Date.now()
      if (this.#olderEnds <= now) this.#startGeneration()
      if (this.#olderEnds <= now) this.#startGeneration()
    }
  }

  /** Drops the older generation. The recent one becomes the older one, and a new one starts. */
  #startGeneration(): void {
    this.#older = this.#recent
    this.#olderEnds = this.#recentEnds
    this.#recent = new Map()
    this.#recentEnds = Number.NEGATIVE_INFINITY
  }
}
