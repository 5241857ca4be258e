/** Repeatable random choices: the same seed gives the same numbers. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** @returns A number from 0 up to 1, by mulberry32. Not for secrets. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** @returns Another generator, seeded by this one. */
  branch(): Random {
    return new Random(this.between(0, 2 ** 32 - 1))
  }

  /** @returns A whole number. Both ends are included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** @returns One item of a list that is not empty. */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.between(0, items.length - 1)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }

  shuffle<Item>(items: readonly Item[]): Item[] {
    const keyed = items.map((item) => ({ item, key: this.next() }))
    return keyed.toSorted((one, two) => one.key - two.key).map(({ item }) => item)
  }

  /** @returns Some items of a list, at least one. */
  some<Item>(items: readonly Item[]): Item[] {
    return this.shuffle(items).slice(0, this.between(1, items.length))
  }
}
