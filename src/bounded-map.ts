/**
 * A map that never holds more than `most` entries, and always the `most / 2` that were used last: so
 * memory stays bounded whoever fills it, and whoever fills it cannot push out what was used since.
 *
 * Entries stand in two generations. When the recent one holds its half, it becomes the older one, and
 * what is still in the older one goes all at once. No entry is looked for to make room: to delete the
 * first entry of a Map again and again makes engines walk over all those deleted before.
 */
export class BoundedMap<Key, Value extends NonNullable<unknown>> {
  readonly #half: number
  readonly #endOf: ((value: Value) => number) | null
  #recent = new Map<Key, Value>()
  #older = new Map<Key, Value>()
  /** When the last entry of a generation has ended, in milliseconds since 1970. */
  #recentEnds = Number.NEGATIVE_INFINITY
  #olderEnds = Number.NEGATIVE_INFINITY

  /**
   * @param most How many entries it holds at most: 2 or more.
   * @param endOf When an entry is worth nothing more, in milliseconds since 1970 by the system's clock. A
   *   generation in which all have ended goes with the next entry that comes. Default: never.
   */
  constructor(most: number, endOf: ((value: Value) => number) | null = null) {
    this.#half = Math.max(1, Math.floor(most / 2))
    this.#endOf = endOf
  }

  get size(): number {
    return this.#recent.size + this.#older.size
  }

  /** Gives a value, and counts as a use of it. The key may be kept as it is given: let it be no slice. */
  get(key: Key): Value | undefined {
    const recent = this.#recent.get(key)
    if (recent !== undefined) return recent
    const older = this.#older.get(key)
    if (older !== undefined) this.set(key, older)
    return older
  }

  /** Gives a value. It is *not* a use: who asks for an entry this way does not keep it here. */
  peek(key: Key): Value | undefined {
    return this.#recent.get(key) ?? this.#older.get(key)
  }

  /** Tells whether there is a value. It is *not* a use. */
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

  /** All entries: the older generation first, each in the order in which its entries came. */
  *[Symbol.iterator](): IterableIterator<[Key, Value]> {
    yield* this.#older
    yield* this.#recent
  }

  #makeRoom(): void {
    if (this.#recent.size >= this.#half) {
      this.#turn()
    } else if (this.#endOf !== null) {
      const now = Date.now()
      if (this.#olderEnds <= now) this.#turn()
      if (this.#olderEnds <= now) this.#turn()
    }
  }

  /** Lets the older generation go, and begins a new one. */
  #turn(): void {
    this.#older = this.#recent
    this.#olderEnds = this.#recentEnds
    this.#recent = new Map()
    this.#recentEnds = Number.NEGATIVE_INFINITY
  }
}
