import { startPostgres } from './postgres.ts'
import { startRedis, startRedisCluster } from './redis.ts'

/** A server for tests that neither stop it nor change its settings. */
export interface Given extends AsyncDisposable {
  readonly url: string
}

/** The variables of the environment with the URLs of servers that run already. */
export const VARIABLES = {
  postgres: 'MAC_TEST_POSTGRES_URL',
  redis: 'MAC_TEST_REDIS_URL',
  cluster: 'MAC_TEST_REDIS_CLUSTER_URL',
  valkey: 'MAC_TEST_VALKEY_URL',
} as const

/** @returns The PostgreSQL of the environment, or a new one. */
export function givenPostgres(): Promise<Given> {
  return given(VARIABLES.postgres, () => startPostgres())
}

/** @returns The Redis of the environment, or a new one. */
export function givenRedis(): Promise<Given> {
  return given(VARIABLES.redis, () => startRedis())
}

/** @returns The cluster of the environment, or a new one. */
export function givenCluster(): Promise<Given> {
  return given(VARIABLES.cluster, startRedisCluster)
}

/** @returns The Valkey of the environment, or a new one. */
export function givenValkey(): Promise<Given> {
  return given(VARIABLES.valkey, () => startRedis([], 'valkey-server'))
}

/** A server of the environment stays open. */
async function given(variable: string, start: () => Promise<Given>): Promise<Given> {
  const url = process.env[variable]
  if (url === undefined || url === '') return start()
  return { url, [Symbol.asyncDispose]: async () => {} }
}
