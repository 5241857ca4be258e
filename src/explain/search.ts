import { macsAreEqual } from '../protocol/signature.ts'
import { type Alternative, type Guess, textOf } from './guess.ts'
import type { MacForm } from './mac-forms.ts'

/** What is searched through. */
export interface SearchSpace {
  /** As the server has it. */
  readonly base: Guess
  readonly usual: readonly Alternative[]
  /** Many of one kind, which are tried alone, and with those of the first rank. */
  readonly many: readonly Alternative[]
}

/** What the search came to. */
export interface SearchResult {
  /** What differs, `null` where nothing was found; empty where the MAC is right as it is. */
  readonly found: readonly Alternative[] | null
  readonly signed: Guess
  readonly tried: number
  /** Whether the bound ended the search before its end. */
  readonly bounded: boolean
}

/** The most characters to compute MACs over: a long request is given fewer tries. */
const MOST_CHARACTERS = 48_000_000

/**
 * Looks for the fewest slips that make the MAC right: none, one, two, and then three of the first
 * rank; among as many, the most plausible ones first. A match is certain: no other text has this MAC.
 *
 * It is bounded: by `maxTries` MACs, and by 48 million characters to compute them over.
 */
export function search(space: SearchSpace, form: MacForm, maxTries: number): SearchResult {
  const { base } = space
  let tried = 0
  let characters = 0
  for (const combination of combinations(space)) {
    let signed = base
    for (const { differs } of combination) signed = { ...signed, ...differs }
    const text = textOf(signed)
    if (tried >= maxTries || characters > MOST_CHARACTERS) {
      return { found: null, signed: base, tried, bounded: true }
    }
    tried++
    characters += text.length
    if (macsAreEqual(form.mac, signed.key(form.hash, text))) {
      return { found: combination, signed, tried, bounded: false }
    }
  }
  return { found: null, signed: base, tried, bounded: false }
}

function* combinations({ usual, many }: SearchSpace): Generator<readonly Alternative[]> {
  yield []
  const ranked = [...usual].sort((one, other) => one.rank - other.rank)
  const first = ranked.filter(({ rank }) => rank === 1)
  for (const one of ranked) yield [one]
  for (const one of many) yield [one]
  yield* pairs(ranked)
  for (const other of first) for (const one of many) if (canMeet(one, other)) yield [one, other]
  yield* triples(first)
}

/** Those with the smallest sum of ranks first. */
function* pairs(ranked: readonly Alternative[]): Generator<readonly Alternative[]> {
  const highest = ranked.at(-1)?.rank ?? 0
  for (let sum = 2; sum <= 2 * highest; sum++) {
    for (const [at, one] of ranked.entries()) {
      for (const other of ranked.slice(at + 1)) {
        if (one.rank + other.rank === sum && canMeet(one, other)) yield [one, other]
      }
    }
  }
}

function* triples(first: readonly Alternative[]): Generator<readonly Alternative[]> {
  for (const [at, one] of first.entries()) {
    for (const [next, two] of first.entries()) {
      if (next <= at || !canMeet(one, two)) continue
      for (const three of first.slice(next + 1)) {
        if (canMeet(one, three) && canMeet(two, three)) yield [one, two, three]
      }
    }
  }
}

/** Whether two alternatives differ in other parts: both at once are then possible. */
function canMeet(one: Alternative, other: Alternative): boolean {
  for (const part in one.differs) if (part in other.differs) return false
  return true
}
