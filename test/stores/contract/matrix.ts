import {
  BETTER_SQLITE3,
  type ContractStore,
  PGLITE,
  POSTGRES,
  POSTGRES_ON_BUN,
  REDIS,
  REDIS_CLUSTER,
  REDIS_ON_BUN,
  SQLITE,
  VALKEY,
} from '../../store/contract-stores.ts'

/** A kind of store, and the runtimes on which it must pass the contracts. */
export interface Row {
  readonly store: ContractStore
  readonly runtimes: readonly string[]
  /** What it needs that is not on every machine. */
  readonly needs: 'valkey' | null
}

/** The runtimes that run the tests as they are. */
export const RUNNERS = ['bun', 'node-24', 'deno'] as const
/** Has no SQLite of its own. On Node 24, better-sqlite3 11 crashes if an open database is collected as garbage. */
const NODE_20 = ['node-20'] as const

/**
 * What differs by runtime are the drivers and the connections: these stores have each of them once. The suite itself
 * runs on Node 24 and Deno with all kinds of SQLite.
 */
const ON_ALL: ReadonlySet<string> = new Set([
  ...['SQLite, file', 'PostgreSQL, URL', 'PostgreSQL, own Pool'],
  ...['Redis and PostgreSQL, URL', 'Redis and SQLite, client of ioredis'],
  ...['Redis and SQLite, client of redis', 'cluster of Redis and SQLite, URL'],
])

function rows(stores: readonly ContractStore[], needs: Row['needs'] = null): Row[] {
  return stores.map((store) => ({
    ...{ store, needs, runtimes: ON_ALL.has(nameOf(store)) ? RUNNERS : ['bun'] },
  }))
}

/** Every kind of store, and the runtimes on which it must work. */
export const MATRIX: readonly Row[] = [
  ...rows(SQLITE),
  ...BETTER_SQLITE3.map((store) => ({ store, runtimes: NODE_20, needs: null })),
  ...rows(POSTGRES),
  ...rows(POSTGRES_ON_BUN),
  ...rows([PGLITE]),
  ...rows(REDIS),
  ...rows([REDIS_ON_BUN]),
  ...rows(REDIS_CLUSTER),
  ...rows(VALKEY, 'valkey'),
]

/** @returns The name of a kind of store, which no other has. */
export function nameOf({ engine, driver }: ContractStore): string {
  return `${engine}, ${driver}`
}
