import { startPostgres } from '../../support/servers/postgres.ts'

/* Runs a PostgreSQL until its input ends, and prints its URL. */

await using server = await startPostgres()
console.log(server.url)
for await (const _ of process.stdin);
