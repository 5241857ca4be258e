/** How many slots a segment has at first, how many at most, and how full it gets before it grows. */
const FIRST_SLOTS = 32
const MOST_SLOTS = 4096
const FULL = 0.83
/** How many seconds of timestamps share a slice. */
const SLICE_SECONDS = 32
/** The default maximum number of nonces in memory: about 600 MB. */
export const MOST_FINGERPRINTS: number = 2 ** 25

/** The first 64 bits of a hash: two numbers of 32 bits each. */
export interface Fingerprint {
  readonly high: number
  readonly low: number
}

/**
 * The fingerprints of nonces, by their timestamps: a set that grows without long pauses, and frees the
 * memory of old timestamps. If there are many, each fingerprint takes 10 to 20 bytes.
 */
export class Fingerprints {
  readonly #slices = new Map<number, Slice>()
  readonly #most: number
  #size = 0

  constructor(most: number = MOST_FINGERPRINTS) {
    this.#most = most
  }

  get size(): number {
    return this.#size
  }

  /** How many bytes the tables take. */
  get bytes(): number {
    return [...this.#slices.values()].reduce((sum, slice) => sum + slice.bytes, 0)
  }

  has(timestamp: number, fingerprint: Fingerprint): boolean {
    return this.#slices.get(sliceOf(timestamp))?.has(fingerprint) ?? false
  }

  /**
   * Adds a fingerprint. If there are too many, the slice with the earliest timestamps is dropped.
   *
   * @returns If a slice was dropped: the timestamp from which on all fingerprints are still here. From then
   *   on, the caller must not treat a nonce with an earlier timestamp as new. Otherwise `null`.
   */
  add(timestamp: number, fingerprint: Fingerprint): number | null {
    const number = sliceOf(timestamp)
    let slice = this.#slices.get(number)
    if (slice === undefined) {
      slice = new Slice()
      this.#slices.set(number, slice)
    }
    if (!slice.add(fingerprint)) return null
    return ++this.#size > this.#most ? this.#dropEarliest() : null
  }

  /** Drops all slices that contain only earlier timestamps. */
  dropBelow(timestamp: number): void {
    for (const number of this.#slices.keys()) {
      if ((number + 1) * SLICE_SECONDS <= timestamp) this.#drop(number)
    }
  }

  #dropEarliest(): number {
    let earliest = Number.POSITIVE_INFINITY
    for (const number of this.#slices.keys()) earliest = Math.min(earliest, number)
    this.#drop(earliest)
    return (earliest + 1) * SLICE_SECONDS
  }

  #drop(number: number): void {
    this.#size -= this.#slices.get(number)?.size ?? 0
    this.#slices.delete(number)
  }
}

function sliceOf(timestamp: number): number {
  return Math.floor(timestamp / SLICE_SECONDS)
}

/**
 * An open-addressing table. Numbers are signed, which is fast in JavaScript engines. Two zeros are an
 * empty slot.
 */
class Segment {
  readonly slots: Int32Array
  size = 0
  /** How many of their first bits all fingerprints in this segment have in common. */
  readonly depth: number

  constructor(depth: number, slots: number) {
    this.depth = depth
    this.slots = new Int32Array(2 * slots)
  }

  /** Returns the slot of a fingerprint, or the bitwise complement of the slot for it if it is not here. */
  find(high: number, low: number): number {
    const { slots } = this
    const mask = slots.length / 2 - 1
    let at = low & mask
    for (;;) {
      const one = slots[2 * at]
      const other = slots[2 * at + 1]
      if (one === high && other === low) return at
      if (one === 0 && other === 0) return ~at
      at = (at + 1) & mask
    }
  }

  /** Writes a fingerprint into an empty slot. */
  put(at: number, high: number, low: number): void {
    this.slots[2 * at] = high
    this.slots[2 * at + 1] = low
    this.size++
  }

  get isFull(): boolean {
    return this.size >= (this.slots.length / 2) * FULL
  }

  /** Copies each fingerprint into the segment that `choose` returns for it. */
  moveTo(choose: (high: number) => Segment): void {
    const { slots } = this
    for (let at = 0; at < slots.length; at += 2) {
      const high = slots[at] as number
      const low = slots[at + 1] as number
      if (high === 0 && low === 0) continue
      const other = choose(high)
      other.put(~other.find(high, low), high, low)
    }
  }
}

/**
 * Extendible hashing: a directory of segments, by the first bits of the fingerprint. A full segment doubles
 * its size; at the maximum size it splits into two. So no step moves more than one segment.
 */
class Slice {
  #directory: Segment[] = [new Segment(0, FIRST_SLOTS)]
  #depth = 0
  size = 0

  get bytes(): number {
    return [...new Set(this.#directory)].reduce((sum, { slots }) => sum + slots.byteLength, 0)
  }

  has(fingerprint: Fingerprint): boolean {
    const low = fingerprint.low | 0
    const high = usableHigh(fingerprint)
    return this.#segmentOf(high).find(high, low) >= 0
  }

  /** @returns Whether it was not there before. */
  add(fingerprint: Fingerprint): boolean {
    const low = fingerprint.low | 0
    const high = usableHigh(fingerprint)
    let segment = this.#segmentOf(high)
    let at = segment.find(high, low)
    if (at >= 0) return false
    while (segment.isFull) {
      this.#grow(segment, high)
      segment = this.#segmentOf(high)
      at = segment.find(high, low)
    }
    segment.put(~at, high, low)
    this.size++
    return true
  }

  #segmentOf(high: number): Segment {
    return this.#directory[this.#indexOf(high)] as Segment
  }

  #indexOf(high: number): number {
    return this.#depth === 0 ? 0 : high >>> (32 - this.#depth)
  }

  #grow(segment: Segment, high: number): void {
    const slots = segment.slots.length / 2
    if (slots < MOST_SLOTS) {
      const larger = new Segment(segment.depth, 2 * slots)
      segment.moveTo(() => larger)
      this.#replace(segment, high, larger, larger)
      return
    }
    if (segment.depth === this.#depth) {
      this.#directory = this.#directory.flatMap((each) => [each, each])
      this.#depth++
    }
    const depth = segment.depth + 1
    const [zero, one] = [new Segment(depth, MOST_SLOTS), new Segment(depth, MOST_SLOTS)]
    const bit = 31 - segment.depth
    segment.moveTo((each) => ((each >>> bit) & 1 ? one : zero))
    this.#replace(segment, high, zero, one)
  }

  /** Replaces a segment in the directory by two, each for half of its part. */
  #replace({ depth }: Segment, high: number, zero: Segment, one: Segment): void {
    const span = 2 ** (this.#depth - depth)
    const from = Math.floor(this.#indexOf(high) / span) * span
    this.#directory.fill(zero, from, from + span)
    if (one !== zero) this.#directory.fill(one, from + span / 2, from + span)
  }
}

/** Changes a fingerprint of two zeros, because these mark an empty slot. */
function usableHigh({ high, low }: Fingerprint): number {
  return high === 0 && low === 0 ? 1 : high | 0
}
