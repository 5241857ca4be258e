/** What a server does before it answers. */
export type Kind = 'plain' | 'memory' | 'file' | 'before' | 'hawk'

/** How clients authenticate to it. */
export type Scheme = 'MAC' | 'Hawk'

/** The kinds, as the tables name them. */
export const KINDS: Readonly<Record<Kind, string>> = {
  plain: 'the plain handler',
  memory: 'withmac, SQLite in memory',
  file: 'withmac, SQLite file',
  before: 'withmac before, SQLite file',
  hawk: 'hawk on node:http, nonces in a Set',
}

/** What a server is started with. */
export interface ServerSettings {
  readonly kind: Kind
  /** A folder of its own, for its database. */
  readonly folder: string
  /** The folder of an earlier version of the library, for the kind `before`. */
  readonly before: string | null
}

/** How long the requests that were signed before the bench are taken. */
export const WINDOW_SECONDS = 3600
/** What the handler answers. */
export const BODY = 'hello ada'
