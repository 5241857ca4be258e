/** What a server checks before it answers. */
export type Kind = 'plain' | 'memory' | 'file' | 'before' | 'hawk'

/** How clients authenticate. */
export type Scheme = 'MAC' | 'Hawk'

/** The kinds, by their names in the tables. */
export const KINDS: Readonly<Record<Kind, string>> = {
  plain: 'the plain handler',
  memory: 'withmac, SQLite in memory',
  file: 'withmac, SQLite file',
  before: 'withmac before, SQLite file',
  hawk: 'hawk on node:http, nonces in a Set',
}

/** The settings of a server. */
export interface ServerSettings {
  readonly kind: Kind
  /** An empty folder for its database. */
  readonly folder: string
  /** The folder of an earlier version of the library, for the kind `before`. */
  readonly before: string | null
}

/** The window. It is long, because requests are signed before the bench. */
export const WINDOW_SECONDS = 3600
/** The answer of the handler. */
export const BODY = 'hello ada'
