import type { ExplainedLine } from './explanation.ts'
import type { KeyForm } from './key-slips.ts'

/** The elements of the normalized request string, in the draft's order (draft §3.2.1). */
export const ELEMENTS = ['ts', 'nonce', 'method', 'target', 'host', 'port', 'ext'] as const

/** One of {@link ELEMENTS}. */
export type Element = (typeof ELEMENTS)[number]

/** What each element is called where it is shown. */
export const ELEMENT_NAMES: Readonly<Record<Element, ExplainedLine['name']>> = {
  ts: 'timestamp',
  nonce: 'nonce',
  method: 'method',
  target: 'request-URI',
  host: 'host',
  port: 'port',
  ext: 'ext',
}

/** What a client may have computed a MAC over, and with. */
export interface Guess {
  readonly ts: string
  readonly nonce: string
  /** In the case in which it is signed. */
  readonly method: string
  /** What stands before the path: the origin, where a client signs the whole URL. */
  readonly before: string
  readonly path: string
  /** With its question mark; empty where there is none. */
  readonly query: string
  readonly host: string
  readonly port: string
  /** `null` where the line of an absent `ext` is left out. */
  readonly ext: string | null
  readonly order: readonly Element[]
  /** What stands between two elements. */
  readonly between: string
  /** What stands behind the last one. */
  readonly last: string
  /** Written before the first element, by other schemes. */
  readonly first: string
  readonly key: KeyForm
}

/** Something that clients are known to do otherwise. */
export interface Alternative {
  readonly kind: string
  /** 1 for what happens every day, more for the less plausible. */
  readonly rank: number
  readonly side: 'client' | 'server'
  /** As it stands behind "matches with". */
  readonly matches: string
  /** What the client did; a function where it depends on what else was found. */
  readonly did: string | ((signed: Guess) => string)
  readonly change: string | ((signed: Guess) => string)
  /** What is different, by the name of the part. Two that differ in the same part exclude each other. */
  readonly differs: Partial<Guess>
}

/** The request-URI of a guess. */
export function targetOf({ before, path, query }: Guess): string {
  return before + path + query
}

/** An element of a guess; `null` where its line is left out. */
export function elementOf(guess: Guess, element: Element): string | null {
  return element === 'target' ? targetOf(guess) : guess[element]
}

/** The text that the MAC of a guess is computed over. */
export function textOf(guess: Guess): string {
  const lines: string[] = []
  for (const element of guess.order) {
    const line = elementOf(guess, element)
    if (line !== null) lines.push(line)
  }
  return guess.first + lines.join(guess.between) + guess.last
}

/** A value for a sentence: in quotes, and not longer than fits there. `explanation` escapes the rest. */
export function shown(value: string): string {
  return JSON.stringify(value.length > 120 ? `${value.slice(0, 117)}...` : value)
}

/** Cuts a target into path and query. */
export function cutTarget(target: string): { path: string; query: string } {
  const mark = target.indexOf('?')
  if (mark === -1) return { path: target, query: '' }
  return { path: target.slice(0, mark), query: target.slice(mark) }
}
