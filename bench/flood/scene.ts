/** Who takes part, and what is allowed: the same for the server and for all who send. */

/** How many requests of an address may be refused. */
export const FAILURES = { requests: 20, seconds: 5 }
/** How many requests of a credential are taken: more than are sent here. */
export const REQUESTS = { requests: 1_000_000, seconds: 3600 }
/** Wrong requests a second. */
export const FLOOD_RATE = 1000

export const FLOODER_ADDRESS = '127.0.0.2'
export const CLIENT_ADDRESS = '127.0.0.1'

/** Whose latency is measured. */
export const CLIENT = 'client'
/** Who signed before, and comes from the flooder's own address. */
export const NEIGHBOUR = 'neighbour'
/** In whose names wrong MACs are sent. */
export const VICTIMS: readonly string[] = Array.from({ length: 10 }, (_, at) => `victim-${at}`)

/** The key of each of them. */
export function keyOf(id: string): string {
  return `key-of-${id}-that-is-as-long-as-others`
}

/** What a server is started with. */
export interface FloodServer {
  readonly database: string
  /** How many passwords it hashes at the same time, all the while. */
  readonly scrypts: number
}

/** What those who send are started with. */
export interface Sending {
  readonly port: number
  /** For how long, in milliseconds. */
  readonly milliseconds: number
  /** How many requests clients send before any is measured. */
  readonly warm: number
}

/** How many answers there were of each status. */
export type Statuses = Record<string, number>

/** What a flood came to. */
export interface FloodResult {
  /** Of the wrong requests. */
  readonly wrong: Statuses
  /** Of the neighbour's right ones. */
  readonly neighbour: Statuses
  /** Wrong requests that were sent in a second. */
  readonly rate: number
  /** How long it took until all of them were answered. */
  readonly milliseconds: number
}

/** What became of the measured requests. */
export interface ClientResult {
  readonly statuses: Statuses
  /** How long each took, in milliseconds. */
  readonly took: readonly number[]
}
