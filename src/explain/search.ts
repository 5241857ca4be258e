import { createHmac } from 'node:crypto'
import { macsAreEqual } from '../protocol/signature.ts'
import type { ExplainedLine, Mistake } from './explanation.ts'

/** The elements of the normalized request string, in the draft's order (draft §3.2.1). */
export const ELEMENTS = [
  'timestamp',
  'nonce',
  'method',
  'request-URI',
  'host',
  'port',
  'ext',
] as const

/** What a MAC may have been computed over, and with which key. */
export interface Signed {
  readonly timestamp: string
  readonly nonce: string
  readonly method: string
  /** What stands before the path: the origin, if a client signs the whole URL. */
  readonly before: string
  readonly path: string
  /** With its question mark; empty if there is none. */
  readonly query: string
  readonly host: string
  readonly port: string
  /** `null` if the line of an absent `ext` is left out. */
  readonly ext: string | null
  readonly order: readonly ExplainedLine['name'][]
  /** What stands before the first element, between two, and behind the last one. */
  readonly first: string
  readonly between: string
  readonly last: string
  /** The bytes of the key, each as one character. */
  readonly key: string
}

/** A hash that clients may use with HMAC. */
export type Hash = 'sha1' | 'sha256' | 'sha384' | 'sha512'

/** A mistake that was found. */
export interface Found extends Pick<Mistake, 'kind' | 'side'> {
  /** What the client did, as it stands behind "The client". */
  readonly did: string
  /** What to do, in a sentence; a function if that depends on what else was found. */
  readonly change: string | ((signed: Signed) => string)
}

/** A mistake that may explain a MAC. */
export interface Candidate extends Found {
  /** 1 for what happens every day, 2 and 3 for the less plausible; see {@link ONE_OF_MANY}. */
  readonly rank: number
  /** The parts that differ from what was received. Candidates that share a part exclude each other. */
  readonly differs: Partial<Signed>
}

/** The rank of those that are tried alone, and together with one of the first rank. */
export const ONE_OF_MANY = 6
/** The highest sum of two ranks that are tried together. */
const HIGHEST_SUM = ONE_OF_MANY + 1
/** The most characters to compute MACs over: a long request is given fewer tries. */
const MOST_CHARACTERS = 48_000_000

/** A mistake: its kind and rank (see {@link Candidate}), how it was made, and what was signed so. */
export type Row<Value> = readonly [kind: string, rank: number, how: string, value: Value]

/**
 * The candidates of a table of mistakes that are mended in one way.
 *
 * @param did Stands before what each row says.
 * @param differs Which parts the value of a row takes the place of.
 */
export function table<Value>(
  did: string,
  rows: readonly Row<Value>[],
  differs: (value: Value) => Partial<Signed>,
  change: Candidate['change'],
  side: Mistake['side'] = 'client',
): Candidate[] {
  return rows.map(([kind, rank, how, value]) => {
    return { kind, rank, side, did: `${did} ${how}`, change, differs: differs(value) }
  })
}

/** An element as it is signed; `null` if its line is left out. */
function elementOf(signed: Signed, name: ExplainedLine['name']): string | null {
  return name === 'request-URI' ? signed.before + signed.path + signed.query : signed[name]
}

/** The text that the MAC is computed over. */
function textOf(signed: Signed): string {
  const lines: string[] = []
  for (const name of signed.order) {
    const line = elementOf(signed, name)
    if (line !== null) lines.push(line)
  }
  return signed.first + lines.join(signed.between) + signed.last
}

/** The elements one by one: as received, and as signed if that is known. */
export function linesOf(received: Signed, signed: Signed | null): ExplainedLine[] {
  return ELEMENTS.map((name) => ({
    name,
    received: elementOf(received, name) ?? '',
    signed: signed && (elementOf(signed, name) ?? ''),
  }))
}

/** What the search came to. */
export interface SearchResult {
  /** The fewest mistakes that explain the MAC; `null` if none do, empty if it is right as received. */
  readonly found: readonly Candidate[] | null
  readonly signed: Signed
  readonly tried: number
  /** Whether a bound ended the search before its end. */
  readonly bounded: boolean
}

/**
 * Looks for the fewest mistakes that explain a MAC: none, one, two, and then three of the first rank;
 * among as many, the most plausible ones first. A match is certain: no other text has this MAC.
 *
 * It is bounded: by `maxTries` MACs, and by 48 million characters to compute them over.
 */
export function search(
  received: Signed,
  candidates: readonly Candidate[],
  { hash, mac }: { readonly hash: Hash; readonly mac: string },
  maxTries: number,
): SearchResult {
  let tried = 0
  let characters = 0
  for (const found of combinations(distinct(received, candidates))) {
    if (tried >= maxTries || characters > MOST_CHARACTERS) {
      return { found: null, signed: received, tried, bounded: true }
    }
    let signed = received
    for (const { differs } of found) signed = { ...signed, ...differs }
    const text = textOf(signed)
    tried++
    characters += text.length
    const key = Buffer.from(signed.key, 'latin1')
    const computed = createHmac(hash, key).update(text).digest('base64')
    if (macsAreEqual(mac, computed)) return { found, signed, tried, bounded: false }
  }
  return { found: null, signed: received, tried, bounded: false }
}

/** Leaves out the parts that are as received, and what an earlier candidate comes to as well. */
function distinct(received: Signed, candidates: readonly Candidate[]): Candidate[] {
  const seen = new Set(['{}'])
  return candidates.flatMap((candidate) => {
    const parts = Object.entries(candidate.differs).filter(
      ([part, value]) => JSON.stringify(value) !== JSON.stringify(received[part as keyof Signed]),
    )
    const differs: Partial<Signed> = Object.fromEntries(parts)
    const text = JSON.stringify(differs)
    if (seen.has(text)) return []
    seen.add(text)
    return [{ ...candidate, differs }]
  })
}

function* combinations(candidates: readonly Candidate[]): Generator<readonly Candidate[]> {
  yield []
  const ranked = [...candidates].sort((one, other) => one.rank - other.rank)
  for (const one of ranked) yield [one]
  const pairs = pairsOf(ranked)
  for (const { pair } of pairs) yield pair
  const everyday = ranked.filter(({ rank }) => rank === 1)
  for (const { pair, sum } of pairs) {
    if (sum > 2) return
    const [one, two] = pair
    for (const three of everyday.slice(everyday.indexOf(two) + 1)) {
      if (canMeet(one, three) && canMeet(two, three)) yield [one, two, three]
    }
  }
}

/** Those with the smallest sum of ranks first. */
function pairsOf(ranked: readonly Candidate[]) {
  const pairs: { readonly pair: readonly [Candidate, Candidate]; readonly sum: number }[] = []
  for (const [at, one] of ranked.entries()) {
    if (2 * one.rank > HIGHEST_SUM) break
    for (const other of ranked.slice(at + 1)) {
      const sum = one.rank + other.rank
      if (sum <= HIGHEST_SUM && canMeet(one, other)) pairs.push({ pair: [one, other], sum })
    }
  }
  return pairs.sort((one, other) => one.sum - other.sum)
}

/** Whether two candidates differ in other parts: both at once are then possible. */
function canMeet(one: Candidate, other: Candidate): boolean {
  for (const part in one.differs) if (part in other.differs) return false
  return true
}

/** A value for a sentence: in quotes, and not longer than fits there. The verdict escapes the rest. */
export function shown(value: string): string {
  return JSON.stringify(value.length > 120 ? `${value.slice(0, 117)}...` : value)
}
