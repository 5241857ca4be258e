/** What must always hold. Each is checked in each round. */
export const INVARIANTS = {
  once: 'no nonce passes twice',
  reason: 'every refusal has a reason that the fault explains',
  out: 'who must stay out stays out',
  kept: 'no credential is lost',
  stuck: 'no process is stuck',
  crash: 'no process crashes',
  sound: 'the file is sound',
  felt: 'the fault was felt',
} as const

export type Invariant = keyof typeof INVARIANTS

/** How many violations of one kind are told in full in one round. */
const TOLD = 5

/** The violations of one round. */
export class Violations {
  readonly #found = new Map<Invariant, string[]>()

  add(invariant: Invariant, text: string): void {
    const list = this.#found.get(invariant) ?? []
    this.#found.set(invariant, list)
    list.push(`${new Date().toISOString()} ${text}`)
  }

  get broken(): number {
    return this.#found.size
  }

  /** What to print, line by line. */
  lines(): string[] {
    return [...this.#found].flatMap(([invariant, texts]) => {
      const more = texts.length > TOLD ? [`    and ${texts.length - TOLD} more of this kind`] : []
      const title = `  VIOLATION, ${INVARIANTS[invariant]}: ${texts.length} times`
      return [title, ...texts.slice(0, TOLD).map((text) => `    ${text}`), ...more]
    })
  }
}
