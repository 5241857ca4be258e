import type { Durability } from '../withmac.ts'

/** What a server does before it answers. */
export type Kind = 'plain' | 'memory' | 'normal' | 'full' | 'hawk'

/** How clients authenticate to it. */
export type Scheme = 'MAC' | 'Hawk'

/** The kinds, as the tables name them. */
export const KINDS: Readonly<Record<Kind, string>> = {
  plain: 'the plain handler',
  memory: 'withmac, SQLite in memory',
  normal: 'withmac, SQLite file, normal',
  full: 'withmac, SQLite file, full',
  hawk: 'hawk on node:http, nonces in a Set',
}

/** What a server is started with. */
export interface ServerSettings {
  readonly kind: Kind
  /** A folder of its own, for its database. */
  readonly folder: string
}

/** The credential, and how long the requests that were signed before the bench are taken. */
export const ID = 'h480djs93hd8h480'
export const KEY = 'kWh3VgYq1QkXcZ0vUeR8nJt5bSaLmPyD2fGxNi7oEwC'
export const WINDOW_SECONDS = 3600
export const HOST = 'example.com'
export const TARGET = '/resource/1?b=1&a=2'
export const BODY = 'hello ada'

/** The durability of a kind; `null` where it has no file. */
export function durabilityOf(kind: Kind): Durability | null {
  return kind === 'normal' || kind === 'full' ? kind : null
}
