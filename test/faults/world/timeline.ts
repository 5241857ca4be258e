/** The history of a state. Times are milliseconds since 1970. */
export class Timeline<State> {
  readonly #phases: { readonly from: number; readonly state: State }[]

  constructor(initial: State) {
    this.#phases = [{ from: 0, state: initial }]
  }

  set(state: State): void {
    this.#phases.push({ from: Date.now(), state })
  }

  get current(): State {
    return (this.#phases.at(-1) as { state: State }).state
  }

  /** @returns All states between two times. */
  during(from: number, to: number): State[] {
    return this.#phases
      .filter((phase, at) => phase.from <= to && this.#end(at) >= from)
      .map(({ state }) => state)
  }

  /** @returns How long a state lasted between two times, in milliseconds. */
  sum(wanted: State, from: number, to: number): number {
    let sum = 0
    for (const [at, phase] of this.#phases.entries()) {
      if (phase.state !== wanted) continue
      sum += Math.max(0, Math.min(this.#end(at), to) - Math.max(phase.from, from))
    }
    return sum
  }

  #end(at: number): number {
    return this.#phases[at + 1]?.from ?? Number.POSITIVE_INFINITY
  }
}
