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

/** How long the requests that were signed before the bench are taken. */
export const WINDOW_SECONDS = 3600
/** What the handler answers. */
export const BODY = 'hello ada'

/** The durability of a kind; `null` where it has no file. */
export function durabilityOf(kind: Kind): Durability | null {
  return kind === 'normal' || kind === 'full' ? kind : null
}
