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

function rows(
  stores: readonly ContractStore[],
  runtimes: readonly string[],
  needs: Row['needs'] = null,
): Row[] {
  return stores.map((store) => ({ store, runtimes, needs }))
}

/** Every kind of store, on every runtime where it must work. */
export const MATRIX: readonly Row[] = [
  ...rows(SQLITE, RUNNERS),
  ...rows(BETTER_SQLITE3, NODE_20),
  ...rows(POSTGRES, RUNNERS),
  ...rows(POSTGRES_ON_BUN, ['bun']),
  ...rows([PGLITE], ['bun', 'node-24']),
  ...rows(REDIS, RUNNERS),
  ...rows([REDIS_ON_BUN], ['bun']),
  ...rows(REDIS_CLUSTER, RUNNERS),
  ...rows(VALKEY, RUNNERS, 'valkey'),
]

/** @returns The name of a kind of store, which no other has. */
export function nameOf({ engine, driver }: ContractStore): string {
  return `${engine}, ${driver}`
}
