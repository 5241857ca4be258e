export { startPostgres } from '../support/servers/postgres.ts'
export { startRedis } from '../support/servers/redis.ts'
