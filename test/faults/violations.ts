/** What must always be true. Each round checks all of them. */
export const INVARIANTS = {
  once: 'no nonce is accepted twice',
  reason: 'every rejection is explained by a fault',
  out: 'no request is accepted that must be rejected',
  kept: 'no credential is lost',
  stuck: 'no process is stuck',
  crash: 'no process crashes',
  sound: 'the file is not damaged',
  felt: 'the fault had an effect',
} as const

export type Invariant = keyof typeof INVARIANTS

/** How many violations of one kind are printed in full in one round. */
const SHOWN = 5

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

  /** @returns The lines to print. */
  lines(): string[] {
    return [...this.#found].flatMap(([invariant, texts]) => {
      const more = texts.length > SHOWN ? [`    and ${texts.length - SHOWN} more of this kind`] : []
      const title = `  VIOLATION, ${INVARIANTS[invariant]}: ${texts.length} times`
      return [title, ...texts.slice(0, SHOWN).map((text) => `    ${text}`), ...more]
    })
  }
}
