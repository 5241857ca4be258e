/* The identifiers, addresses and rate limits, for the server and for all senders. */

/** How many requests of an address may fail. */
export const FAILURES = { requests: 20, seconds: 5 }
/** How many requests of a credential are accepted: more than are sent here. */
export const REQUESTS = { requests: 1_000_000, seconds: 3600 }
/** Wrong requests per second. */
export const FLOOD_RATE = 1000

export const FLOODER_ADDRESS = '127.0.0.2'
export const CLIENT_ADDRESS = '127.0.0.1'

/** The client whose latency is measured. */
export const CLIENT = 'client'
/** A client with a cached credential at the flooder's own address. */
export const NEIGHBOUR = 'neighbour'
/** The identifiers for which wrong MACs are sent. */
export const VICTIMS: readonly string[] = Array.from({ length: 10 }, (_, at) => `victim-${at}`)

/** @returns The key of each identifier. */
export function keyOf(id: string): string {
  return `key-of-${id}-that-is-as-long-as-others`
}

/** The settings of a server. */
export interface FloodServer {
  readonly database: string
  /** How many passwords it hashes at the same time, without a pause. */
  readonly scrypts: number
}

/** The settings of a sender. */
export interface Sending {
  readonly port: number
  /** For how long, in milliseconds. */
  readonly milliseconds: number
  /** How many requests clients send before the measurement. */
  readonly warm: number
}

/** How many answers had each status. */
export type Statuses = Record<string, number>

/** The result of a flood. */
export interface FloodResult {
  /** The answers to the wrong requests. */
  readonly wrong: Statuses
  /** The answers to the neighbour's valid requests. */
  readonly neighbour: Statuses
  /** Wrong requests per second. */
  readonly rate: number
  /** How long it took until all of them were answered. */
  readonly milliseconds: number
}

/** The result of the measured requests. */
export interface ClientResult {
  readonly statuses: Statuses
  /** How long each took, in milliseconds. */
  readonly took: readonly number[]
}
