import type { Random } from '../random.ts'
import type { Traced } from './trace.ts'

/** How many bytes a disk writes as a whole. */
const SECTOR = 512

/** A version of something, and the step that made it. */
interface Version<Content> {
  readonly step: number
  readonly content: Content
}

/** The probability that the latest version of a sector, length or name is on disk, and that no new one is. */
interface Mood {
  readonly latest: number
  readonly none: number
}

const MOODS: readonly Mood[] = [
  { latest: 0, none: 1 },
  { latest: 0.98, none: 0.01 },
  { latest: 0.02, none: 0.97 },
  { latest: 0.8, none: 0.1 },
  { latest: 0.1, none: 0.8 },
  { latest: 0.4, none: 0.4 },
  { latest: 0.2, none: 0.2 },
]

/** The files that a power cut leaves in a folder, by name. */
export interface Image {
  readonly files: ReadonlyMap<string, Uint8Array>
  /** How many sectors, lengths and names differ from their latest version. */
  readonly lost: number
}

/**
 * A folder on a simulated disk. The disk keeps everything that was synced, and any part of the later writes,
 * truncations and names.
 */
export class Disk {
  /** Files by inode. The system can use an inode again for another file. */
  readonly #files = new Map<string, DiskFile>()
  readonly #names = new Map<string, Versions<DiskFile | null>>()
  /** By thread: the step at which its running sync began. */
  readonly #begun = new Map<number, number>()
  readonly #keepsNames: boolean
  #step = 0

  /** @param keepsNames Whether a sync of the folder has an effect. `false` is the control. */
  constructor(keepsNames = true) {
    this.#keepsNames = keepsNames
  }

  /** Adds a file that exists from the beginning, and is fully on disk. */
  begin(name: string, inode: string, content: Uint8Array): void {
    const file = new DiskFile(content)
    this.#files.set(inode, file)
    this.#names.set(name, new Versions<DiskFile | null>(file))
  }

  /** Applies the next step of a trace. */
  apply(traced: Traced): void {
    const step = ++this.#step
    const { inode, name, thread } = traced
    switch (traced.what) {
      case 'write':
        this.#fileOf(inode, name).write(step, traced.offset, traced.data)
        break
      case 'truncate':
        this.#fileOf(inode, name).resize(step, traced.length)
        break
      case 'named':
        if (this.#names.get(name)?.latest !== this.#fileOf(inode, name)) this.#create(inode, name)
        break
      case 'unnamed':
        this.#setName(name, null)
        break
      case 'sync begun':
        this.#begun.set(thread, step)
        break
      case 'sync ended':
        this.#synced(inode, name, this.#begun.get(thread) ?? 0)
        break
      case 'acknowledged':
        break
    }
  }

  /** Whether a power cut would change nothing. */
  get isSynced(): boolean {
    return [...this.#names.values()].every(
      (versions) => versions.isSynced && (versions.latest?.isSynced ?? true),
    )
  }

  /** @returns Whether a power cut may change a file. */
  isUnsynced(name: string): boolean {
    const versions = this.#names.get(name)
    return versions !== undefined && !(versions.isSynced && (versions.latest?.isSynced ?? true))
  }

  /** @returns The files as the processes see them. */
  now(): ReadonlyMap<string, Uint8Array> {
    return this.#image((versions) => versions.latest).files
  }

  /** @returns Files as a power cut may leave them at this moment. */
  cut(random: Random): Image {
    const mood = random.pick(MOODS)
    return this.#image((versions) => versions.choose(mood, random))
  }

  #image(choose: Choose): Image {
    const files = new Map<string, Uint8Array>()
    let lost = 0
    const counting: Choose = (versions) => {
      const chosen = choose(versions)
      if (chosen !== versions.latest) lost++
      return chosen
    }
    for (const [name, versions] of this.#names) {
      const file = counting(versions)
      if (file !== null) files.set(name, file.image(counting))
    }
    return { files, lost }
  }

  #synced(inode: string, name: string, begun: number): void {
    if (name !== '') this.#files.get(inode)?.synced(begun)
    else if (this.#keepsNames) for (const versions of this.#names.values()) versions.synced(begun)
  }

  /** Bun creates empty files without the tracer. Their name appears with the first traced step. */
  #fileOf(inode: string, name: string): DiskFile {
    return this.#files.get(inode) ?? this.#create(inode, name)
  }

  #create(inode: string, name: string): DiskFile {
    const file = new DiskFile()
    this.#files.set(inode, file)
    this.#setName(name, file)
    return file
  }

  #setName(name: string, file: DiskFile | null): void {
    let versions = this.#names.get(name)
    if (versions === undefined) {
      versions = new Versions<DiskFile | null>(null)
      this.#names.set(name, versions)
    }
    versions.add(this.#step, file)
  }
}

type Choose = <Content>(versions: Versions<Content>) => Content

/** The version on disk, and the later ones. */
class Versions<Content> {
  #durable: Content
  #later: Version<Content>[] = []

  constructor(durable: Content) {
    this.#durable = durable
  }

  get latest(): Content {
    const last = this.#later.at(-1)
    return last === undefined ? this.#durable : last.content
  }

  get isSynced(): boolean {
    return this.#later.length === 0
  }

  add(step: number, content: Content): void {
    this.#later.push({ step, content })
  }

  /** Marks all versions up to a step as being on disk. */
  synced(begun: number): void {
    const count = this.#later.filter(({ step }) => step <= begun).length
    const last = this.#later[count - 1]
    if (last === undefined) return
    this.#durable = last.content
    this.#later = this.#later.slice(count)
  }

  choose({ latest, none }: Mood, random: Random): Content {
    if (this.isSynced) return this.#durable
    const chance = random.next()
    if (chance < latest) return this.latest
    if (chance < latest + none) return this.#durable
    return random.pick([{ content: this.#durable }, ...this.#later]).content
  }
}

/** The content of a file as the processes see it, and the versions that may be on disk. */
class DiskFile {
  #content = new Uint8Array(64 * 1024)
  readonly #size: Versions<number>
  /** By number: the sectors that have versions which are not synced. */
  readonly #unsynced = new Map<number, Versions<Uint8Array>>()

  /** @param content The content that is already on disk. */
  constructor(content: Uint8Array = new Uint8Array()) {
    this.#reserve(content.length)
    this.#content.set(content)
    this.#size = new Versions(content.length)
  }

  write(step: number, offset: number, data: Uint8Array): void {
    const end = offset + data.length
    this.#reserve(end)
    this.#changing(step, offset, end, () => this.#content.set(data, offset))
    if (end > this.#size.latest) this.#size.add(step, end)
  }

  resize(step: number, length: number): void {
    this.#reserve(length)
    const size = this.#size.latest
    if (length === size) return
    if (length < size) this.#changing(step, length, size, () => this.#content.fill(0, length, size))
    this.#size.add(step, length)
  }

  synced(begun: number): void {
    this.#size.synced(begun)
    for (const [number, versions] of this.#unsynced) {
      versions.synced(begun)
      if (versions.isSynced) this.#unsynced.delete(number)
    }
  }

  get isSynced(): boolean {
    return this.#size.isSynced && this.#unsynced.size === 0
  }

  image(choose: Choose): Uint8Array {
    const image = this.#content.slice()
    for (const [number, versions] of this.#unsynced) image.set(choose(versions), number * SECTOR)
    return image.subarray(0, choose(this.#size))
  }

  #changing(step: number, from: number, to: number, change: () => void): void {
    const numbers: number[] = []
    for (let number = Math.floor(from / SECTOR); number * SECTOR < to; number++)
      numbers.push(number)
    for (const number of numbers) {
      if (this.#unsynced.has(number)) continue
      this.#unsynced.set(number, new Versions(this.#sector(number)))
    }
    change()
    for (const number of numbers) this.#unsynced.get(number)?.add(step, this.#sector(number))
  }

  #sector(number: number): Uint8Array {
    return this.#content.slice(number * SECTOR, (number + 1) * SECTOR)
  }

  #reserve(length: number): void {
    if (length + SECTOR <= this.#content.length) return
    const larger = new Uint8Array(2 * (length + SECTOR))
    larger.set(this.#content)
    this.#content = larger
  }
}
