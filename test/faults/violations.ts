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
export class Violations<Name extends string = Invariant> {
  readonly #titles: Readonly<Record<Name, string>>
  readonly #found = new Map<Name, string[]>()

  /** @param titles What must always be true. */
  constructor(titles: Readonly<Record<Name, string>>) {
    this.#titles = titles
  }

  add(invariant: Name, text: string): void {
    const list = this.#found.get(invariant) ?? []
    this.#found.set(invariant, list)
    list.push(`${new Date().toISOString()} ${text}`)
  }

  /** @returns How often something was not true. */
  count(invariant: Name): number {
    return this.#found.get(invariant)?.length ?? 0
  }

  get broken(): number {
    return this.#found.size
  }

  /** @returns The lines to print. */
  lines(): string[] {
    return [...this.#found].flatMap(([invariant, texts]) => {
      const more = texts.length > SHOWN ? [`    and ${texts.length - SHOWN} more of this kind`] : []
      const title = `  VIOLATION, ${this.#titles[invariant]}: ${texts.length} times`
      return [title, ...texts.slice(0, SHOWN).map((text) => `    ${text}`), ...more]
    })
  }
}
