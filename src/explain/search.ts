import { createHmac } from 'node:crypto'
import { type PreparedKey, prepareKey } from '../protocol/hmac.ts'
import { macsAreEqual } from '../protocol/signature.ts'
import type { ExplainedLine, Mistake } from './explanation.ts'

/** The elements of the normalized request string, in their order (draft §3.2.1). */
export const ELEMENTS = [
  'timestamp',
  'nonce',
  'method',
  'request-URI',
  'host',
  'port',
  'ext',
] as const

/** What a client may have computed a MAC over, and with which key. */
export interface Signed {
  readonly timestamp: string
  readonly nonce: string
  readonly method: string
  /** The origin, if the client signs the whole URL. Otherwise empty. */
  readonly before: string
  readonly path: string
  /** With its question mark; empty if there is none. */
  readonly query: string
  readonly host: string
  readonly port: string
  /** `null` if the client leaves out the line of an absent `ext`. */
  readonly ext: string | null
  readonly order: readonly ExplainedLine['name'][]
  /** The text before the first element, between two elements, and after the last one. */
  readonly first: string
  readonly between: string
  readonly last: string
  /** The bytes of the key, each as one character. */
  readonly key: string
}

/** A hash that clients may use with HMAC. */
export type Hash = 'sha1' | 'sha256' | 'sha384' | 'sha512'

/** A mistake of the client or the server, with the parts of its sentences. */
export interface Found extends Pick<Mistake, 'kind' | 'side'> {
  /** What the client did. The sentence is "The client" and this text. */
  readonly did: string
  /** What to change, in a sentence. A function, if that depends on the other mistakes. */
  readonly change: string | ((signed: Signed) => string)
}

/** A mistake that may explain the MAC. */
export interface Candidate extends Found {
  /** 1 for an everyday mistake, 2 and 3 for less likely ones. See also {@link RANK_OF_MANY}. */
  readonly rank: number
  /** The parts that differ from the request as received. Two candidates for one part exclude each other. */
  readonly differs: Partial<Signed>
}

/** The rank of rows of which there are hundreds. They are tried alone, and with one of rank 1. */
export const RANK_OF_MANY = 6
/** The rank of rows of which there are thousands: they are tried last, and alone. */
export const LAST_RANK = 8
/** Two candidates are tried together if the sum of their ranks is at most this. */
const MAX_RANK_SUM = RANK_OF_MANY + 1
/** The most characters to compute MACs over in one search. For a long request, this allows fewer tries. */
const MAX_CHARACTERS = 48_000_000

/** A row of a table of mistakes: kind, rank (see {@link Candidate}), how the client made it, what it signed. */
export type Row<Value> = readonly [kind: string, rank: number, how: string, value: Value]

/**
 * Makes candidates of a table of mistakes. All its rows are corrected by the same change.
 *
 * @param did What the client did: the words before the `how` of each row.
 * @param differs Returns the parts that the value of a row replaces.
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

/** An element as it is signed. `null` if its line is left out. */
function elementOf(signed: Signed, name: ExplainedLine['name']): string | null {
  return name === 'request-URI' ? signed.before + signed.path + signed.query : signed[name]
}

/** The normalized request string, with the client's mistakes. */
function textOf(signed: Signed): string {
  const lines: string[] = []
  for (const name of signed.order) {
    const line = elementOf(signed, name)
    if (line !== null) lines.push(line)
  }
  return signed.first + lines.join(signed.between) + signed.last
}

/** The elements one by one: as received, and as signed, if that is known. */
export function linesOf(received: Signed, signed: Signed | null): ExplainedLine[] {
  return ELEMENTS.map((name) => ({
    name,
    received: elementOf(received, name) ?? '',
    signed: signed && (elementOf(signed, name) ?? ''),
  }))
}

/** The result of a search. */
export interface SearchResult {
  /** The fewest mistakes that explain the MAC. Empty if the MAC is right; `null` if no mistakes explain it. */
  readonly found: readonly Candidate[] | null
  readonly signed: Signed
  readonly tried: number
  /** Whether a limit ended the search before everything was tried. */
  readonly bounded: boolean
}

/**
 * Looks for the fewest mistakes that explain a MAC: none, one, two, then three of rank 1. Among
 * combinations of the same size, the likely ones come first. A match is certain: no other text has
 * this MAC.
 *
 * The search computes at most `maxTries` MACs, over at most about 48 million characters.
 *
 * @param last Returns candidates that are tried alone, after all pairs.
 */
export function search(
  received: Signed,
  candidates: readonly Candidate[],
  { hash, mac }: { readonly hash: Hash; readonly mac: string },
  maxTries: number,
  last: () => readonly Candidate[],
): SearchResult {
  let tried = 0
  let characters = 0
  const usual = preparedMac(hash, received.key)
  for (const found of combinations(distinct(received, candidates), last)) {
    if (tried >= maxTries || characters > MAX_CHARACTERS) {
      return { found: null, signed: received, tried, bounded: true }
    }
    let signed = received
    for (const { differs } of found) signed = { ...signed, ...differs }
    const text = textOf(signed)
    tried++
    characters += text.length
    const compute = signed.key === received.key ? usual : macWith(hash, signed.key)
    if (macsAreEqual(mac, compute(text))) return { found, signed, tried, bounded: false }
  }
  return { found: null, signed: received, tried, bounded: false }
}

function macWith(hash: Hash, key: string): PreparedKey {
  return (text) => createHmac(hash, Buffer.from(key, 'latin1')).update(text).digest('base64')
}

/** Computes MACs with the key of most tries, in less time if the hash is one of the draft's. */
function preparedMac(hash: Hash, key: string): PreparedKey {
  if ((hash !== 'sha1' && hash !== 'sha256') || !/^[\0-\x7f]+$/.test(key)) return macWith(hash, key)
  return prepareKey(hash === 'sha1' ? 'hmac-sha-1' : 'hmac-sha-256', key)
}

/** Leaves out the parts that are equal to the received ones, and candidates that repeat an earlier one. */
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

/** All combinations to try, in their order. */
function* combinations(
  candidates: readonly Candidate[],
  last: () => readonly Candidate[],
): Generator<readonly Candidate[]> {
  yield []
  const ranked = [...candidates].sort((one, other) => one.rank - other.rank)
  for (const one of ranked) yield [one]
  const pairs = pairsOf(ranked)
  for (const { pair } of pairs) yield pair
  for (const one of last()) yield [one]
  const everyday = ranked.filter(({ rank }) => rank === 1)
  for (const { pair, sum } of pairs) {
    if (sum > 2) return
    const [one, two] = pair
    for (const three of everyday.slice(everyday.indexOf(two) + 1)) {
      if (areCompatible(one, three) && areCompatible(two, three)) yield [one, two, three]
    }
  }
}

/** All pairs to try, those with the smallest sum of ranks first. */
function pairsOf(ranked: readonly Candidate[]) {
  const pairs: { readonly pair: readonly [Candidate, Candidate]; readonly sum: number }[] = []
  for (const [at, one] of ranked.entries()) {
    if (2 * one.rank > MAX_RANK_SUM) break
    for (const other of ranked.slice(at + 1)) {
      const sum = one.rank + other.rank
      if (sum <= MAX_RANK_SUM && areCompatible(one, other)) pairs.push({ pair: [one, other], sum })
    }
  }
  return pairs.sort((one, other) => one.sum - other.sum)
}

/** Whether a client can make both mistakes at once: they concern different parts. */
function areCompatible(one: Candidate, other: Candidate): boolean {
  for (const part in one.differs) if (part in other.differs) return false
  return true
}

/** A value for a sentence: quoted and shortened. It does *not* escape everything: the verdict does. */
export function shown(value: string): string {
  return JSON.stringify(value.length > 120 ? `${value.slice(0, 117)}...` : value)
}
